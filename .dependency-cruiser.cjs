// The rooms of the house from the ground up: a room imports only from rooms above it in this list, and no module
// imports itself through others. Rooms on one line are neighbours and stay strangers, but for those joined by `+`.
const rooms = [
  'messages',
  'files',
  'wasm',
  'image',
  'onnx',
  'autodiff',
  'runtime',
  'tfjs',
  'atelier',
  'datasets',
  'models',
  'optim',
  'stats',
  'diffusion',
  'plugin',
  'protections attacks metrics',
  'experiment',
  'jobs',
  'plan',
  'run',
  'standalone',
  'analysis',
  'report',
  'cli',
].map((floor) => floor.split(' ').map((room) => room.split('+')));

const directionRules = rooms.flatMap((floor, level) =>
  floor.flatMap((joined) =>
    joined.map((room) => {
      const below = rooms.slice(0, level).flat(2);
      return {
        name: `${room}-imports-only-from-above`,
        severity: 'error',
        from: { path: `^src/${room}/` },
        to: { path: '^src/', pathNot: `^src/(random\\.ts$|(${[...below, ...joined].join('|')})/)` },
      };
    }),
  ),
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
