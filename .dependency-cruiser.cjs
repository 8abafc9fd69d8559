// A room imports only from rooms above it in rooms.json, and no module imports itself through others, types included.
// Rooms on one floor are neighbours and stay strangers.
const floors = require('./rooms.json').map((floor) => Object.keys(floor));

const directionRules = floors.flatMap((floor, level) =>
  floor.map((room) => ({
    name: `${room}-imports-only-from-above`,
    severity: 'error',
    from: { path: `^src/${room}/` },
    to: {
      path: '^src/',
      pathNot: `^src/(random\\.ts$|(${[...floors.slice(0, level).flat(), room].join('|')})/)`,
    },
  })),
);

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'random-imports-no-room',
      severity: 'error',
      from: { path: '^src/random\\.ts$' },
      to: { path: '^src/[^/]+/' },
    },
    {
      name: 'messages-through-their-index',
      severity: 'error',
      from: { pathNot: '^src/messages' },
      to: { path: '^src/messages/(?!index\\.ts$)' },
    },
    ...directionRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs'] },
  },
};
