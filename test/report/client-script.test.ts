import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { type ClientName, clientScript } from '../../src/report/page/client-script.ts';

const NAMES: readonly ClientName[] = ['tabs', 'table', 'viewer', 'zoom', 'vote'];

describe('the programs of a page', () => {
  it.each(NAMES)('hold %s as one classic script, which needs no other file', async (name) => {
    const { html } = await clientScript([name]);
    const [, program] = /^<script>\n(.*)<\/script>$/s.exec(html)!;
    expect(program).not.toMatch(/<\/script|<!--/i);
    expect(() => new Script(program!)).not.toThrow(); // an import or export would not parse
  });

  it('have scopes of their own, in the order in which they are named', async () => {
    const { html } = await clientScript(['tabs', 'table']);
    expect(html.match(/^\(\(\) => \{$/gm)).toHaveLength(2);
    expect(html.indexOf('.tabs button')).toBeLessThan(html.indexOf('#cell-table'));
  });
});
