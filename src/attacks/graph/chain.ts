/** @file A chain of attacks as one transformation: an ONNX model. */
import type { Size } from '../../image/image.ts';
import { noGraph } from '../../messages.ts';
import {
  type GraphPicture,
  type GraphScope,
  type Transformation,
  transformation,
} from '../../plugin/transformation.ts';
import type { ChainLink } from '../chain.ts';

/**
 * What `applyChain` does to pictures of a size, as an ONNX model `image` [n, 3, h, w] -> `attacked`; the docs page of
 * the attacks says within what error. @throws USAGE where a link has no graph.
 */
export function chainGraph(links: readonly ChainLink[], size: Size): Transformation {
  const without = links.find(({ attack }) => attack.graph === undefined);
  if (without !== undefined) throw noGraph(without.attack.id);
  return transformation(size, (picture, scope) =>
    links.reduce<GraphPicture>(
      (made, { attack, params }, index) => attack.graph!(made, params, linkScope(scope, index)),
      picture,
    ),
  );
}

/** Draws come from the streams that `applyChain` gives its links. */
const linkScope = ({ g, draw }: GraphScope, index: number): GraphScope => ({
  g,
  draw: (hint, dims, sample) => draw(hint, dims, (random) => sample(random.fork(`link ${index}`))),
});
