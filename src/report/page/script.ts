/**
 * @file The script of the report, as it stands in the page: choice of effect, table, image viewer. Plain browser
 * JavaScript without a build step; the page is complete without it but for the viewer.
 */
export const SCRIPT = String.raw`
'use strict';
(() => {
  const byId = (id) => document.getElementById(id);
  const dataOf = (id) => JSON.parse(byId(id).textContent);
  let effect = 0;
  let onEffect = () => {};

  // ---- effect: one at a time
  const showEffect = (index) => {
    effect = index;
    for (const block of document.querySelectorAll('.for-effect')) block.hidden = Number(block.dataset.effect) !== index;
    for (const tab of document.querySelectorAll('.tabs button')) {
      tab.setAttribute('aria-pressed', String(Number(tab.dataset.effect) === index));
    }
    onEffect();
  };
  for (const tab of document.querySelectorAll('.tabs button')) {
    tab.addEventListener('click', () => showEffect(Number(tab.dataset.effect)));
  }
  showEffect(0);

  // ---- table: sort by a click on a head, filter by words
  const table = byId('cell-table');
  if (table) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const key = (row, column) => {
      const cell = row.cells[column];
      const text = cell.dataset.value ?? cell.textContent.trim();
      if (text === '') return { missing: true };
      const number = Number(text);
      return Number.isNaN(number) ? { text } : { number };
    };
    const compare = (a, b) => {
      if (a.missing || b.missing) return Number(Boolean(a.missing)) - Number(Boolean(b.missing));
      if ('number' in a && 'number' in b) return a.number === b.number ? 0 : a.number - b.number;
      return String(a.text ?? a.number).localeCompare(String(b.text ?? b.number), 'en', { numeric: true });
    };
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      head.firstElementChild.addEventListener('click', () => {
        const down = head.getAttribute('aria-sort') === 'ascending';
        for (const other of heads) other.removeAttribute('aria-sort');
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const keyed = rows.map((row) => [key(row, column), row]);
        keyed.sort(([a], [b]) => (down && !a.missing && !b.missing ? compare(b, a) : compare(a, b)));
        body.append(...keyed.map(([, row]) => row));
      });
    });
    const filter = byId('cell-filter');
    const outcome = byId('cell-outcome');
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const apply = () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, i) => {
        const wanted = outcome.value === '' || row.dataset.outcome === outcome.value;
        row.hidden = !(wanted && words.every((word) => texts[i].includes(word)));
        if (!row.hidden) shown++;
      });
      byId('cell-count').textContent = shown + ' of ' + rows.length + ' cells';
    };
    filter.addEventListener('input', apply);
    outcome.addEventListener('change', apply);
  }

  // ---- viewer
  const arms = byId('g-arms');
  if (!arms) return;
  const index = dataOf('gallery-index');
  const select = { image: byId('g-image'), protection: byId('g-protection'), attack: byId('g-attack') };
  const options = (element, labels) => labels.forEach((label, i) => element.add(new Option(label, i)));
  options(select.protection, index.protections);
  options(select.attack, index.attacks);
  let current = null;
  let currentImage = -1;
  let blinking = false;

  const url = (key) => 'data:image/webp;base64,' + current.pictures[key];
  const setPicture = (img, key) => {
    if (key === null || key === undefined) img.removeAttribute('src');
    else img.src = url(key);
  };
  const shots = () => {
    const p = Number(select.protection.value);
    const a = Number(select.attack.value);
    return {
      clean: current.clean,
      protected: current.protected[p],
      'attacked-clean': current.attackedClean[p][a],
      'attacked-protected': current.attackedProtected[p][a],
    };
  };
  const placeOfPair = () =>
    index.pairs.findIndex(
      (pair) =>
        pair.effect === effect &&
        pair.protection === Number(select.protection.value) &&
        pair.attack === Number(select.attack.value),
    );

  const show = () => {
    const image = Number(select.image.value);
    if (image !== currentImage) {
      current = dataOf('gallery-' + image);
      currentImage = image;
      const { width, height } = index.images[image];
      arms.style.setProperty('--aspect', Math.min(2.5, Math.max(0.6, width / height)));
    }
    const shown = shots();
    const place = placeOfPair();
    const pair = index.pairs[place];
    const measures = place < 0 ? null : current.measures[place];
    const { metric, unit, symbol } = index.effects[effect] ?? { metric: '', unit: '', symbol: '' };
    [...arms.children].forEach((figure, i) => {
      const arm = figure.dataset.arm;
      const shot = shown[arm];
      const [picture, difference] = figure.querySelectorAll('img');
      setPicture(picture, blinking ? current.clean?.picture : shot?.picture);
      const map = arm === 'clean' ? shown.protected?.visible : shot?.difference;
      setPicture(difference, map);
      figure.querySelector('.missing').textContent =
        map ? '' : !shot || shot.picture === null ? 'no picture' : arm === 'clean' ? 'no map' : 'other size: no difference';
      const r = measures && arm === 'attacked-protected' && pair.outcome !== 'no effect' ? ', R of this image ' + measures[4] : '';
      figure.querySelector('.measure').textContent = measures ? metric + ' ' + measures[i] + (unit ? ' ' + unit : '') + r : '';
    });
    byId('g-verdict').textContent = pair ? 'd = ' + symbol + ' over all images: ' + pair.text : 'No cell for this choice.';
  };
  for (const element of Object.values(select)) element.addEventListener('change', show);
  const step = (by) => {
    const n = select.image.options.length;
    select.image.value = String((Number(select.image.value) + by + n) % n);
    show();
  };
  byId('g-previous').addEventListener('click', () => step(-1));
  byId('g-next').addEventListener('click', () => step(1));
  const blink = byId('g-blink');
  const setBlink = (on) => () => {
    if (blinking === on) return;
    blinking = on;
    show();
  };
  for (const type of ['pointerdown', 'keydown']) blink.addEventListener(type, setBlink(true));
  for (const type of ['pointerup', 'pointerleave', 'keyup', 'blur']) blink.addEventListener(type, setBlink(false));

  // Amplification: 1, 2, 4 ... 64
  const amplify = byId('g-amplify');
  const setAmplification = () => {
    const factor = 2 ** Number(amplify.value);
    for (const f of document.querySelectorAll('#amplify [type="gamma"]')) f.setAttribute('amplitude', factor);
    byId('g-amplification').textContent = factor;
    byId('g-ramp-end').textContent = '≥ ' + (255 / factor).toPrecision(3).replace(/\.?0+$/, '') + '/255';
  };
  amplify.addEventListener('input', setAmplification);

  // Zoom and pan, shared by all eight ports: s is the scale, x and y the offset in percent of a port.
  const view = { s: 1, x: 0, y: 0 };
  const place = () => {
    view.s = Math.min(64, Math.max(1, view.s));
    const least = 100 * (1 - view.s);
    view.x = Math.min(0, Math.max(least, view.x));
    view.y = Math.min(0, Math.max(least, view.y));
    for (const name of ['s', 'x', 'y']) arms.style.setProperty('--' + name, view[name]);
    arms.classList.toggle('zoomed', view.s > 1);
    byId('g-zoom').textContent = view.s === 1 ? 'fit' : '×' + Number(view.s.toPrecision(2));
  };
  const zoom = (factor, u = 50, v = 50) => {
    const s = Math.min(64, Math.max(1, view.s * factor));
    view.x = u - ((u - view.x) * s) / view.s;
    view.y = v - ((v - view.y) * s) / view.s;
    view.s = s;
    place();
  };
  const within = (event, port) => {
    const box = port.getBoundingClientRect();
    return [(100 * (event.clientX - box.left)) / box.width, (100 * (event.clientY - box.top)) / box.height];
  };
  byId('g-in').addEventListener('click', () => zoom(2));
  byId('g-out').addEventListener('click', () => zoom(0.5));
  byId('g-fit').addEventListener('click', () => zoom(1 / view.s));
  for (const port of arms.querySelectorAll('.port')) {
    const pointers = new Map();
    port.addEventListener('dblclick', (event) => zoom(event.shiftKey ? 0.5 : 2, ...within(event, port)));
    port.addEventListener(
      'wheel',
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return;
        event.preventDefault();
        zoom(Math.exp(-event.deltaY * 0.005), ...within(event, port));
      },
      { passive: false },
    );
    port.addEventListener('pointerdown', (event) => {
      pointers.set(event.pointerId, within(event, port));
      port.setPointerCapture(event.pointerId);
    });
    port.addEventListener('pointermove', (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const now = within(event, port);
      if (pointers.size === 2) {
        const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
        const distance = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]) || 1;
        zoom(distance(now) / distance(before), ...other);
      } else {
        view.x += now[0] - before[0];
        view.y += now[1] - before[1];
        place();
      }
      pointers.set(event.pointerId, now);
    });
    for (const type of ['pointerup', 'pointercancel']) {
      port.addEventListener(type, (event) => pointers.delete(event.pointerId));
    }
  }

  // A click on a tile of the matrix opens its pictures.
  const follow = () => {
    const match = /^#pair=(\d+)$/.exec(location.hash);
    const pair = match && index.pairs[Number(match[1])];
    if (!pair) return;
    select.protection.value = String(pair.protection);
    select.attack.value = String(pair.attack);
    showEffect(pair.effect);
    byId('gallery').scrollIntoView();
  };
  addEventListener('hashchange', follow);

  // Start with the pair that says most.
  const first = index.pairs[index.first];
  if (first) {
    select.protection.value = String(first.protection);
    select.attack.value = String(first.attack);
  }
  onEffect = show;
  setAmplification();
  place();
  show();
  follow();
})();
`;
