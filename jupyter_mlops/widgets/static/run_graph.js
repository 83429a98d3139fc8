// The run graph in the browser. Everything that comes from a notebook is set as text or attribute, never as markup.

const SVG = 'http://www.w3.org/2000/svg';

function element(name, attributes = {}, text = '') {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text) made.textContent = text;
  return made;
}

function box(tag, className, attributes = {}) {
  const made = document.createElement(tag);
  made.className = className;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function drawGroup(group) {
  const frame = element('g', { class: 'mg-group' });
  const { x, y, width, height } = group;
  frame.append(
    element('rect', { x, y, width, height, rx: 12, 'stroke-dasharray': '4 4' }),
    element('text', { x: x + 16, y: y + 24, 'font-size': 12, 'font-weight': 600 }, group.name)
  );
  return frame;
}

function drawEdge(edge) {
  const [x, y] = edge.end;
  const what = edge.names.length ? edge.names.join(', ') : 'order only';
  const line = element('g', { class: 'mg-edge', 'data-testid': 'mlops-edge', 'aria-hidden': 'true' });
  const path = element('path', { d: edge.path, fill: 'none', 'stroke-width': 1.5 });
  if (!edge.names.length) path.setAttribute('stroke-dasharray', '3 4');
  line.append(
    element('title', {}, `${edge.from} to ${edge.to}: ${what}`),
    path,
    element('path', { class: 'mg-head', d: `M${x} ${y - 1}l-4 -7h8z` })
  );
  return line;
}

function drawLabel(label) {
  const font = { x: label.x, y: label.y + 11, 'font-size': 10.5, 'text-anchor': 'middle', 'font-family': 'ui-monospace, Menlo, monospace' };
  const pair = element('g', { 'aria-hidden': 'true' });
  pair.append(
    element('text', { class: 'mg-halo', ...font, fill: 'none', 'stroke-width': 7, 'stroke-linejoin': 'round' }, label.text),
    element('text', { class: 'mg-label', ...font }, label.text)
  );
  return pair;
}

function drawNode(node) {
  const { x, y, width, height } = node;
  const middle = y + height / 2;
  const group = element('g', { role: 'button', tabindex: -1, 'aria-pressed': 'false', 'data-testid': 'mlops-node', 'data-step': node.name });
  const card = element('rect', { class: 'mg-card', x, y, width, height, rx: 9, 'stroke-width': 1.5 });
  if (node.conditional) card.setAttribute('stroke-dasharray', '5 3');
  const title = element('title');
  const icon = element('text', { class: 'mg-icon', x: x + 22, y: middle + 4.5, 'font-size': 12, 'font-weight': 700, 'text-anchor': 'middle' });
  const more = element('text', { class: 'mg-more', x: x + 42, y: middle + 14, 'font-size': 11.5 });
  group.append(
    title,
    card,
    element('circle', { class: 'mg-dot', cx: x + 22, cy: middle, r: 11 }),
    icon,
    element('text', { class: 'mg-name', x: x + 42, y: middle - 3, 'font-size': 13.5, 'font-weight': 600 }, node.title),
    more
  );
  const show = state => {
    group.setAttribute('class', `mg-node mg-${state.state || 'plain'}`);
    group.setAttribute('data-state', state.state);
    group.setAttribute('aria-label', state.spoken);
    title.textContent = state.details;
    icon.textContent = state.icon;
    more.textContent = state.subtitle;
  };
  return { group, show, node };
}

/** Which node an arrow key leads to: along an edge up and down, along a rank left and right. */
function neighbour(drawing, from, key) {
  const nodes = drawing.nodes;
  const by = name => nodes.find(node => node.name === name);
  if (key === 'Home') return nodes[0];
  if (key === 'End') return nodes[nodes.length - 1];
  if (key === 'ArrowDown') return by(drawing.edges.find(edge => edge.from === from.name)?.to);
  if (key === 'ArrowUp') return by(drawing.edges.find(edge => edge.to === from.name)?.from);
  const row = nodes.filter(node => Math.abs(node.y - from.y) < 2).sort((a, b) => a.x - b.x);
  return row[row.indexOf(from) + (key === 'ArrowRight' ? 1 : -1)];
}

const KEYS = ['ArrowDown', 'ArrowUp', 'ArrowLeft', 'ArrowRight', 'Home', 'End'];

function drawGraph(drawing, onSelect) {
  const { width, height, margin } = drawing;
  const svg = element('svg', { class: 'mlops-graph', width, height, viewBox: `0 0 ${width} ${height}`, role: 'group', 'aria-label': `${drawing.name}: ${drawing.nodes.length} steps; arrow keys move along the graph`, 'font-family': 'system-ui, sans-serif' });
  const inner = element('g', { transform: `translate(${margin} ${margin})` });
  const edges = drawing.edges.map(edge => ({ edge, line: drawEdge(edge) }));
  const nodes = new Map(drawing.nodes.map(node => [node.name, drawNode(node)]));
  inner.append(...drawing.groups.map(drawGroup), ...edges.map(item => item.line), ...drawing.labels.map(drawLabel));
  inner.append(...[...nodes.values()].map(item => item.group));
  svg.append(inner);

  let current = null;
  const roam = item => {
    current?.group.setAttribute('tabindex', '-1');
    current = item;
    current?.group.setAttribute('tabindex', '0');
  };
  const select = name => {
    for (const [other, item] of nodes) item.group.setAttribute('aria-pressed', String(other === name));
    for (const { edge, line } of edges) line.classList.toggle('mg-near', edge.from === name || edge.to === name);
    if (nodes.has(name)) roam(nodes.get(name));
  };
  roam(nodes.values().next().value ?? null);
  for (const item of nodes.values()) {
    item.group.addEventListener('click', () => onSelect(item.node.name));
    item.group.addEventListener('focus', () => roam(item));
    item.group.addEventListener('keydown', event => {
      if (event.key === 'Enter' || event.key === ' ') onSelect(item.node.name);
      else if (!KEYS.includes(event.key)) return;
      else nodes.get(neighbour(drawing, item.node, event.key)?.name)?.group.focus();
      // The notebook must not take the key for its own: arrows move between cells there.
      event.preventDefault();
      event.stopPropagation();
    });
  }
  return { svg, select, show: states => nodes.forEach((item, name) => states[name] && item.show(states[name])) };
}

function render({ model, el }) {
  const root = box('div', 'mlops-run-graph', { 'data-testid': 'mlops-graph' });
  // The palette's variables are set on this class.
  root.classList.add('mlops-graph');
  const headline = box('div', 'mg-headline');
  const scroll = box('div', 'mg-scroll');
  const details = box('div', 'mg-details');
  const spoken = box('div', 'mg-spoken', { 'aria-live': 'polite' });
  root.append(headline, scroll, details, spoken);
  el.append(root);

  let graph = null;
  let before = {};
  const showSelected = () => {
    const name = model.get('selected');
    graph.select(name);
    details.textContent = model.get('states')[name]?.details ?? '';
  };
  const showStates = () => {
    const states = model.get('states');
    graph.show(states);
    const news = Object.entries(states).filter(([name, now]) => before[name] && before[name].state !== now.state);
    if (news.length) spoken.textContent = news.map(([, now]) => now.spoken).join('; ');
    before = states;
    showSelected();
  };
  const showHeadline = () => {
    const { icon, text, state } = model.get('headline');
    headline.textContent = text ? `${icon} ${text}` : '';
    headline.dataset.state = state ?? '';
  };
  const showDrawing = () => {
    graph = drawGraph(model.get('drawing'), name => {
      model.set('selected', model.get('selected') === name ? '' : name);
      model.save_changes();
    });
    scroll.replaceChildren(graph.svg);
    showStates();
  };
  showDrawing();
  showHeadline();
  const listeners = { 'change:drawing': showDrawing, 'change:states': showStates, 'change:headline': showHeadline, 'change:selected': showSelected };
  for (const [event, listener] of Object.entries(listeners)) model.on(event, listener);
  return () => {
    for (const [event, listener] of Object.entries(listeners)) model.off(event, listener);
    root.remove();
  };
}

export default { render };
