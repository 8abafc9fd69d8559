// The rooms of the house from the ground up: a room imports only from rooms above it in this list, and no
// module imports itself through others. protections, attacks and metrics are neighbours and stay strangers.
const rooms = [
  ['image'],
  ['onnx'],
  ['autodiff'],
  ['runtime'],
  ['datasets'],
  ['models'],
  ['optim'],
  ['diffusion'],
  ['stats'],
  ['plugin'],
  ['protections', 'attacks', 'metrics'],
  ['harness'],
  ['report'],
  ['cli'],
];

const directionRules = rooms.flatMap((floor, level) =>
  floor.map((room) => {
    const neighbours = floor.filter((other) => other !== room);
    const forbidden = [...neighbours, ...rooms.slice(level + 1).flat()];
    return {
      name: `${room}-imports-only-from-above`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: `^src/(${[...forbidden, 'index\\.ts'].join('|')})` },
    };
  }),
);

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'shared-files-import-no-room',
      severity: 'error',
      from: { path: '^src/(messages/|(messages|random)\\.ts$)' },
      to: { path: '^src/(?!messages/)[^/]+/' },
    },
    {
      name: 'messages-through-their-index',
      severity: 'error',
      from: { pathNot: '^src/messages' },
      to: { path: '^src/messages/' },
    },
    ...directionRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
