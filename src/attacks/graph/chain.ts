/** @file A chain of attacks as one transformation: an ONNX model. */
import type { Size } from '../../image/image.ts';
import { noGraph, undeclaredRole } from '../../messages/index.ts';
import type { ModelRole } from '../../models/roles.ts';
import { inOneFolder } from '../../onnx/transforms/one-folder.ts';
import {
  type GraphPicture,
  type GraphScope,
  type Network,
  type Transformation,
  transformation,
} from '../../plugin/transformation.ts';
import type { ChainLink } from '../chain.ts';

/**
 * `applyChain` for images of one size, as an ONNX model `image` [n, 3, h, w] -> `attacked`; the docs page of the attacks gives
 * the error. The model contains the networks that the links need. @throws USAGE if a link has no graph, MODEL if a role has
 * no model
 */
export async function chainGraph(links: readonly ChainLink[], size: Size): Promise<Transformation> {
  const without = links.find(({ attack }) => attack.graph === undefined);
  if (without !== undefined) throw noGraph(without.attack.id);
  const networks = neighbouring(await Promise.all(links.map(networksOf)));
  return transformation(
    size,
    (picture, scope) =>
      links.reduce<GraphPicture>(
        (made, { attack, params }, i) => attack.graph!(made, params, linkScope(scope, i, networks[i]!)),
        picture,
      ),
    networks.flatMap((played) => [...played.values()].map(({ graph }) => graph)),
  );
}

type Networks = ReadonlyMap<ModelRole, Network>;

/** The models in the roles that a link needs. */
async function networksOf({ attack, params, models }: ChainLink): Promise<Networks> {
  const played = attack.needs(params).map(async ({ role }) => {
    if (models === undefined) throw undeclaredRole(role);
    return [role, await models.open(role)] as const;
  });
  return new Map(await Promise.all(played));
}

/** The same networks with weights named from one folder, so that one graph can hold them all; shared ones stay shared. */
function neighbouring(links: readonly Networks[]): readonly Networks[] {
  const graphs = [...new Set(links.flatMap((played) => [...played.values()].map(({ graph }) => graph)))];
  const moved = inOneFolder(...graphs);
  return links.map(
    (played) =>
      new Map(
        [...played].map(([role, { model, graph }]) => [
          role,
          { model, graph: moved[graphs.indexOf(graph)]! },
        ]),
      ),
  );
}

/** Random numbers come from the streams that `applyChain` gives its links. */
const linkScope = (
  { g, draw }: Omit<GraphScope, 'network'>,
  index: number,
  networks: Networks,
): GraphScope => ({
  g,
  draw: (hint, dims, sample) => draw(hint, dims, (random) => sample(random.fork(`link ${index}`))),
  network: (role) => {
    const network = networks.get(role);
    if (network === undefined) throw undeclaredRole(role);
    return network;
  },
});
