/** @file Tabs: the pressed one shows the blocks of its number (an effect or a metric) and hides those of the others. */

const tabs = document.querySelectorAll<HTMLElement>('.tabs button');
const blocks = document.querySelectorAll<HTMLElement>('.for-effect');

function press(effect: string): void {
  for (const block of blocks) block.hidden = block.dataset.effect !== effect;
  for (const tab of tabs) tab.setAttribute('aria-pressed', String(tab.dataset.effect === effect));
}

for (const tab of tabs) tab.addEventListener('click', () => press(tab.dataset.effect!));
press('0');
