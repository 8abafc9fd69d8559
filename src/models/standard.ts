/**
 * @file From a model's file to the graph of its role: the role's own port names, float32, pixels of 0..1, scaled latents.
 * Plug-ins differentiate and compose this graph and never meet an exporter's habits.
 */
import { misfitModel } from '../messages/index.ts';
import { type GraphBuilder, graphBuilder } from '../onnx/builder.ts';
import { declaredType } from '../onnx/infer.ts';
import type { Attribute, Dim, Graph, Model, Node, ValueInfo } from '../onnx/model.ts';
import { opsetOf } from '../onnx/model.ts';
import type { Fill, PerChannel } from './entry.ts';
import { type ModelRole, type RolePort, ROLES } from './roles.ts';

/** What is being made to fit, for messages and scaling. */
interface Part {
  readonly id: string;
  readonly role: ModelRole;
  readonly fill: Fill;
}

/** A port of the role with the file's port that plays it. */
interface Match {
  readonly name: string;
  readonly port: RolePort;
  readonly info: ValueInfo;
}

/**
 * The role's graph around a model. Inputs that the role does not know stay under their own names. Weights are shared with
 * `model`. @throws MODEL if a port is missing, or of another rank or channel count than the role's.
 */
export function standardGraph(model: Model, part: Part): Model {
  const { inputs, outputs } = ROLES[part.role];
  const given = matchPorts(inputs, model.graph.inputs, 'input', part);
  const wanted = matchPorts(outputs, model.graph.outputs, 'output', part);
  const graph = renamed(model.graph, innerNames(model.graph, given, wanted));
  const inner = (match: Match): string => `${INNER}${match.info.name}`;

  const opset = opsetOf(model);
  const before = graphBuilder({ opset, taken: namesIn(graph) });
  for (const match of given) {
    before.declare(match.name, declaredType({ ...match.info, dtype: outerType(match) }));
    pass(before, entering(before, match, part.fill), inner(match));
  }
  const after = graphBuilder({
    opset,
    taken: namesIn({
      ...graph,
      nodes: [...graph.nodes, ...before.nodes],
      initializers: [...graph.initializers, ...before.initializers],
    }),
  });
  const spreads: ValueInfo[] = [];
  for (const match of wanted) {
    after.declare(inner(match), declaredType(match.info));
    pass(after, leaving(after, match, inner(match), part.fill), match.name);
    const channels = match.port.holds === 'latent' ? meanChannels(match, part.fill) : undefined;
    if (channels === undefined) continue;
    pass(after, spread(after, inner(match), channels, part.fill), LATENT_SPREAD);
    spreads.push({ ...outerInfo(match, part.fill), name: LATENT_SPREAD });
  }
  const extra = graph.inputs.filter(({ name }) => !given.some((match) => inner(match) === name));
  return {
    ...model,
    graph: {
      ...graph,
      nodes: [...before.nodes, ...graph.nodes, ...after.nodes],
      inputs: [...given.map((match) => outerInfo(match)), ...extra],
      outputs: [...wanted.map((match) => outerInfo(match, part.fill)), ...spreads],
      initializers: [...before.initializers, ...graph.initializers, ...after.initializers],
    },
  };
}

const INNER = 'file/';

/** A further output of encoders that give moments: the standard deviation of the latents, scaled as they are. */
export const LATENT_SPREAD = 'latent spread';

function matchPorts(
  ports: Readonly<Record<string, RolePort>>,
  infos: readonly ValueInfo[],
  side: 'input' | 'output',
  part: Part,
): Match[] {
  const only = Object.keys(ports).length === 1 && infos.length === 1;
  return Object.entries(ports).map(([name, port]) => {
    const names = [part.fill.ports?.[name], name, ...port.also];
    const info =
      names.flatMap((each) => infos.filter((known) => known.name === each))[0] ??
      (only ? infos[0] : undefined);
    const what = `${side} '${name}'`;
    if (info === undefined) {
      const found = infos.map((each) => `'${each.name}'`).join(', ');
      throw misfitModel(part.id, part.role, what, [name, ...port.also].join(' or '), `${side}s ${found}`);
    }
    checkShape(port, info, what, part);
    return { name, port, info };
  });
}

function checkShape(
  { dims, holds }: RolePort,
  info: ValueInfo,
  what: string,
  { id, role, fill }: Part,
): void {
  const { shape } = info;
  if (dims === null || shape === undefined) return;
  const channels = fill.latent?.channels;
  const wanted = holds === 'latent' && channels !== undefined ? [dims[0]!, channels, ...dims.slice(2)] : dims;
  const fits =
    shape.length === wanted.length &&
    wanted.every((dim, axis) => {
      const found = shape[axis];
      // Mean and log-variance side by side: the mean is taken.
      const moments = holds === 'latent' && axis === 1 && found === 2 * Number(dim);
      return typeof dim === 'string' || typeof found !== 'number' || found === dim || moments;
    });
  const spelled = (list: readonly Dim[]): string => `[${list.map((dim) => dim ?? '?').join(', ')}]`;
  if (!fits) throw misfitModel(id, role, what, spelled(wanted), spelled(shape));
}

/** Every value that has to be renamed: the ports, and whatever inside has a name that the role's ports take. */
function innerNames(
  graph: Graph,
  given: readonly Match[],
  wanted: readonly Match[],
): ReadonlyMap<string, string> {
  const ports = [...given, ...wanted];
  const taken = new Set(ports.map(({ name }) => name));
  const clashing = namesIn(graph).filter((name) => taken.has(name));
  return new Map([...ports.map(({ info }) => info.name), ...clashing].map((name) => [name, INNER + name]));
}

function namesIn(graph: Graph): string[] {
  const made = graph.nodes.flatMap(({ outputs }) => outputs);
  return [...made, ...graph.inputs.map(({ name }) => name), ...graph.initializers.map(({ name }) => name)];
}

function renamed(graph: Graph, names: ReadonlyMap<string, string>): Graph {
  const now = (name: string): string => names.get(name) ?? name;
  const named = <T extends { readonly name: string }>(each: T): T => ({ ...each, name: now(each.name) });
  const attribute = (each: Attribute): Attribute => {
    if (each.kind === 'graph') return { ...each, value: renamed(each.value, names) };
    return each.kind === 'graphs' ? { ...each, value: each.value.map((g) => renamed(g, names)) } : each;
  };
  const node = (each: Node): Node => ({
    ...each,
    inputs: each.inputs.map(now),
    outputs: each.outputs.map(now),
    attributes: Object.fromEntries(
      Object.entries(each.attributes).map(([key, value]) => [key, attribute(value)]),
    ),
  });
  return {
    ...graph,
    nodes: graph.nodes.map(node),
    inputs: graph.inputs.map(named),
    outputs: graph.outputs.map(named),
    initializers: graph.initializers.map(named),
    valueInfo: graph.valueInfo.map(named),
  };
}

/** Token ids travel as int64, everything else as float32. */
const outerType = ({ port }: Match) => (port.holds === 'tokens' ? 'int64' : 'float32');

function outerInfo(match: Match, fill?: Fill): ValueInfo {
  const { shape } = match.info;
  const channels = fill && match.port.holds === 'latent' ? meanChannels(match, fill) : undefined;
  const outer =
    shape && channels !== undefined ? shape.map((dim, axis) => (axis === 1 ? channels : dim)) : shape;
  return { name: match.name, dtype: outerType(match), ...(outer && { shape: outer }) };
}

/** Ends a chain of values in the name that the rest of the graph knows. */
function pass(g: GraphBuilder, value: string, name: string): void {
  g.append({
    name: `as ${name}`,
    opType: 'Identity',
    domain: '',
    inputs: [value],
    outputs: [name],
    attributes: {},
  });
}

function entering(g: GraphBuilder, match: Match, fill: Fill): string {
  let value = match.name;
  if (match.port.holds === 'pixels') {
    const { mean = 0, std = 1 } = fill;
    if (!isAll(mean, 0)) value = g.Sub(value, constantOf(g, mean));
    if (!isAll(std, 1)) value = g.Div(value, constantOf(g, std));
  }
  if (match.port.holds === 'latent') {
    const { scale = 1, shift = 0 } = fill.latent ?? {};
    if (scale !== 1) value = g.Div(value, constantOf(g, scale));
    if (shift !== 0) value = g.Add(value, constantOf(g, shift));
  }
  const { dtype } = match.info;
  return dtype === undefined || dtype === outerType(match) ? value : g.Cast(value, dtype);
}

function leaving(g: GraphBuilder, match: Match, inner: string, fill: Fill): string {
  const { dtype } = match.info;
  let value = dtype === undefined || dtype === outerType(match) ? inner : g.Cast(inner, outerType(match));
  if (match.port.holds === 'pixels') {
    const { mean = 0, std = 1 } = fill;
    if (!isAll(std, 1)) value = g.Mul(value, constantOf(g, std));
    if (!isAll(mean, 0)) value = g.Add(value, constantOf(g, mean));
  }
  if (match.port.holds === 'latent') {
    const { scale = 1, shift = 0 } = fill.latent ?? {};
    const channels = meanChannels(match, fill);
    if (channels !== undefined) value = g.Slice(value, [0], [channels], [1]);
    if (shift !== 0) value = g.Sub(value, constantOf(g, shift));
    if (scale !== 1) value = g.Mul(value, constantOf(g, scale));
  }
  return value;
}

/** exp(log-variance / 2), clamped as diffusers does. */
function spread(g: GraphBuilder, moments: string, channels: number, { latent }: Fill): string {
  const stored = g.Slice(moments, [channels], [2 * channels], [1]);
  const logVariance = g.typeOf(stored).dtype === 'float32' ? stored : g.Cast(stored, 'float32');
  const [low, high] = [g.constant('float32', [], [-30]), g.constant('float32', [], [20])];
  const deviation = g.Exp(g.Mul(g.Clip(logVariance, low, high), constantOf(g, 0.5)));
  return g.Mul(deviation, constantOf(g, latent?.scale ?? 1));
}

/** How many channels are the mean, where the file gives mean and log-variance; else undefined. */
function meanChannels({ info }: Match, { latent }: Fill): number | undefined {
  const found = info.shape?.[1];
  if (info.name === 'latent_parameters' && typeof found === 'number') return found / 2;
  return latent?.channels !== undefined && found === 2 * latent.channels ? latent.channels : undefined;
}

const isAll = (value: PerChannel, wanted: number): boolean =>
  typeof value === 'number' ? value === wanted : value.every((each) => each === wanted);

const constantOf = (g: GraphBuilder, value: PerChannel): string =>
  typeof value === 'number' ? g.constant('float32', [], [value]) : g.constant('float32', [1, 3, 1, 1], value);
