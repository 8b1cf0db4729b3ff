// The HTML report's style and script. Both are text of ours; nothing is loaded from anywhere.
#pragma once

namespace assay {

inline constexpr const char* kReportStyle = R"css(
:root{color-scheme:light dark;--fg:#1b1f24;--bg:#fff;--soft:#f3f5f7;--line:#d0d7de;--ok:#1a7f37;--bad:#cf222e;--warn:#9a6700;--mute:#57606a;--accent:#0969da}
@media(prefers-color-scheme:dark){:root:not([data-theme=light]){--fg:#e6edf3;--bg:#0d1117;--soft:#161b22;--line:#30363d;--ok:#3fb950;--bad:#ff7b72;--warn:#d29922;--mute:#9198a1;--accent:#4493f8}}
:root[data-theme=dark]{--fg:#e6edf3;--bg:#0d1117;--soft:#161b22;--line:#30363d;--ok:#3fb950;--bad:#ff7b72;--warn:#d29922;--mute:#9198a1;--accent:#4493f8}
body{font:15px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);margin:0}
header,main,footer{max-width:1100px;margin:0 auto;padding:0 1rem}
header{display:flex;gap:1rem;align-items:baseline;flex-wrap:wrap}
header button{margin-left:auto}
table{border-collapse:collapse;margin:.5rem 0}
th,td{border:1px solid var(--line);padding:.35rem .6rem;text-align:left;vertical-align:top}
thead th{background:var(--soft)}
.wide{overflow-x:auto}
.lead{font-size:1.1rem}
.note,.sub,.ci{color:var(--mute);font-size:.88em}
.badge{border-radius:1em;padding:0 .6em;font-size:.8em;border:1px solid currentColor;white-space:nowrap}
.non_inferior{color:var(--ok)}.worse,.invalid{color:var(--bad)}.inconclusive,.worse_within_margin{color:var(--warn)}.not_available{color:var(--mute)}
svg{width:100%;height:auto;background:var(--soft);font-size:12px}
svg text{fill:var(--fg)}svg .tick{fill:var(--mute)}svg .zero{stroke:var(--fg)}svg .margin{fill:var(--accent);opacity:.12}
svg line.ci{stroke:currentColor;stroke-width:2}svg circle{fill:currentColor}
.browser{display:grid;grid-template-columns:minmax(12rem,18rem) 1fr;gap:1rem}
#list{list-style:none;margin:0;padding:0;max-height:70vh;overflow:auto;border:1px solid var(--line)}
#list li{padding:.2rem .5rem;cursor:pointer;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
#list li[aria-selected=true]{background:var(--accent);color:#fff}
#detail{display:grid;gap:.8rem;min-width:0}
#detail pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--soft);padding:.6rem;margin:0;max-height:60vh;overflow:auto}
#detail mark{background:var(--warn);color:var(--bg)}
#detail .cols{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:.8rem}
@media(max-width:700px){.browser{grid-template-columns:1fr}}
@media print{#items,header button{display:none}}
)css";

inline constexpr const char* kReportScript = R"js(
(() => {
  'use strict';
  const data = JSON.parse(document.getElementById('data').textContent);
  const by = id => document.getElementById(id);
  const list = by('list'), detail = by('detail');
  const kPage = 400;
  let shown = [], at = -1, limit = kPage;
  const make = (name, text, cls) => {
    const e = document.createElement(name);
    if (text !== undefined) e.textContent = text;
    if (cls) e.className = cls;
    return e;
  };
  const divergence = texts => {
    const t = texts.filter(x => x !== null);
    if (t.length < 2) return -1;
    const n = Math.min(...t.map(x => x.length));
    for (let i = 0; i < n; ++i) if (t.some(x => x[i] !== t[0][i])) return i;
    return t.every(x => x.length === t[0].length) ? -1 : n;
  };
  const show = index => {
    at = index;
    for (const li of list.children) li.setAttribute('aria-selected', String(li.dataset.at === String(index)));
    detail.replaceChildren();
    const item = shown[index];
    if (!item) return;
    detail.append(make('h3', item.k + ' / ' + item.i), make('p', 'right answer: ' + item.r, 'sub'));
    const cols = make('div', undefined, 'cols');
    const d = divergence(item.o.map(o => o && o.t));
    item.o.forEach((o, v) => {
      const col = make('div');
      if (!o) { col.append(make('h4', data.variants[v]), make('p', 'not run')); cols.append(col); return; }
      const verdict = o.o === 'scored' ? (o.s >= 1 ? 'right' : o.s > 0 ? o.s.toFixed(2) : 'wrong') : o.o;
      col.append(make('h4', data.variants[v] + ': ' + verdict), make('p', 'found: ' + (o.x || 'nothing') + '; ended by ' + o.f, 'sub'));
      const pre = make('pre');
      if (d >= 0 && d < o.t.length) {
        pre.append(o.t.slice(0, d), make('mark', o.t.slice(d, d + 1)), o.t.slice(d + 1));
      } else {
        pre.append(o.t);
      }
      col.append(pre);
      cols.append(col);
    });
    detail.append(cols);
  };
  const fill = () => {
    list.replaceChildren();
    shown.slice(0, limit).forEach((item, index) => {
      const li = make('li', (item.f ? '\u21c4 ' : '') + item.k + ' / ' + item.i);
      li.setAttribute('role', 'option');
      li.dataset.at = index;
      li.addEventListener('click', () => show(index));
      list.append(li);
    });
    if (shown.length > limit) {
      const more = make('li', 'show more');
      more.addEventListener('click', () => { limit += kPage; fill(); });
      list.append(more);
    }
  };
  const filter = () => {
    const task = by('f-task').value, flips = by('f-flips').checked, text = by('f-text').value.toLowerCase();
    shown = data.items.filter(i => (!task || i.k === task) && (!flips || i.f) &&
      (!text || (i.i + ' ' + i.o.map(o => o ? o.t : '').join(' ')).toLowerCase().includes(text)));
    limit = kPage;
    by('f-count').textContent = shown.length + ' of ' + data.items.length;
    fill();
    show(shown.length ? 0 : -1);
  };
  for (const id of ['f-task', 'f-flips', 'f-text']) by(id).addEventListener('input', filter);
  list.addEventListener('keydown', e => {
    const step = {ArrowDown: 1, ArrowUp: -1}[e.key];
    if (!step) return;
    e.preventDefault();
    const next = Math.min(Math.max(at + step, 0), Math.min(shown.length, limit) - 1);
    show(next);
    if (list.children[next]) list.children[next].scrollIntoView({block: 'nearest'});
  });
  by('theme').addEventListener('click', () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
  });
  filter();
})();
)js";

}  // namespace assay
