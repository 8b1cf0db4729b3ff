// The report's controls and the browser of items. What a model wrote reaches the page as text only.
'use strict';
(() => {
  const by = id => document.getElementById(id);
  const root = document.documentElement;
  const index = JSON.parse(by('index').textContent);
  const list = by('list'), detail = by('detail'), count = by('f-count');
  const kPage = 300;
  const words = {
    en: {right: 'right', wrong: 'wrong', notRun: 'not run', answer: 'right answer: ', found: 'found: ',
      nothing: 'nothing', ended: '; ended by: ', more: 'show more', of: ' of ', same: 'the outputs are word for word the same',
      left: 'text left out to keep this file small; `assay explain` shows it', diverges: 'leaves the baseline at character ',
      searching: 'searching…', none: 'no item'},
    zh: {right: '对', wrong: '错', notRun: '未运行', answer: '正确答案:', found: '提取到:',
      nothing: '无', ended: ';结束原因:', more: '显示更多', of: ' / ', same: '各输出逐字相同',
      left: '为控制文件大小省略了文本;可用 `assay explain` 查看', diverges: '与基线分歧于第几个字符:',
      searching: '搜索中…', none: '没有题目'},
  };
  const w = () => words[root.lang] || words.en;
  const make = (name, text, cls) => {
    const e = document.createElement(name);
    if (text !== undefined) e.textContent = text;
    if (cls) e.className = cls;
    return e;
  };

  // Outputs lie in chunks that are parsed when one of their items is wanted.
  const chunks = new Map();
  const outputsOf = at => {
    const c = Math.floor(at / index.chunk);
    if (!chunks.has(c)) chunks.set(c, JSON.parse(by('chunk' + c).textContent));
    return chunks.get(c)[at % index.chunk];
  };

  let shown = [], at = -1, limit = kPage, search = 0;
  const nameOf = item => index.tasks[item[0]] + ' / ' + item[1];

  const divergence = (a, b) => {
    const n = Math.min(a.length, b.length);
    let i = 0;
    while (i < n && a[i] === b[i]) ++i;
    if (i === a.length && i === b.length) return -1;
    const low = c => c >= 0xdc00 && c <= 0xdfff;
    while (i > 0 && (low(a.charCodeAt(i)) || low(b.charCodeAt(i)))) --i;
    return i;
  };
  const textWithMark = (text, d) => {
    const pre = make('pre');
    pre.tabIndex = 0;
    if (d < 0 || d >= text.length) { pre.append(text); return pre; }
    const end = d + (text.codePointAt(d) > 0xffff ? 2 : 1);
    pre.append(text.slice(0, d), make('mark', text.slice(d, end)), text.slice(end));
    return pre;
  };

  const show = position => {
    at = position;
    for (const li of list.children) li.setAttribute('aria-selected', String(li.dataset.at === String(position)));
    list.setAttribute('aria-activedescendant', position >= 0 ? 'item' + position : '');
    detail.replaceChildren();
    if (position < 0 || position >= shown.length) { detail.append(make('p', w().none)); return; }
    const item = index.items[shown[position]], outputs = outputsOf(shown[position]);
    detail.append(make('h3', nameOf(item) + (item[2] ? ' (' + item[2] + ')' : '')), make('p', w().answer + item[3], 'sub'));
    const base = outputs[index.baseline];
    const places = outputs.map((o, v) => v !== index.baseline && o && base && o.t !== undefined && base.t !== undefined
      ? divergence(base.t, o.t) : -1);
    const first = places.reduce((best, d) => d >= 0 && (best < 0 || d < best) ? d : best, -1);
    const cols = make('div', undefined, 'cols');
    outputs.forEach((o, v) => {
      const col = make('div');
      const head = make('h3', index.variants[v] + ': ');
      cols.append(col);
      if (!o) { head.append(make('span', w().notRun, 'sub')); col.append(head); return; }
      const scored = o.o === 'scored';
      const word = !scored ? o.o : o.s >= 1 ? w().right : o.s > 0 ? o.s.toFixed(2) : w().wrong;
      head.append(make('span', word, !scored ? 'sub' : o.s >= 0.5 ? 'right' : 'wrong'));
      col.append(head, make('p', w().found + (o.x || w().nothing) + w().ended + o.f, 'sub'));
      if (o.t === undefined) { col.append(make('p', w().left, 'note')); return; }
      const d = v === index.baseline ? first : places[v];
      if (d >= 0 && v !== index.baseline) col.append(make('p', w().diverges + (d + 1), 'sub'));
      col.append(textWithMark(o.t, d));
    });
    detail.append(cols);
    if (first < 0 && outputs.every(o => o && o.t !== undefined)) detail.append(make('p', w().same, 'sub'));
    for (const mark of detail.querySelectorAll('mark')) {
      const pre = mark.parentElement;
      pre.scrollTop = mark.offsetTop - pre.offsetTop - pre.clientHeight / 2;
    }
  };

  const fill = () => {
    const rows = document.createDocumentFragment();
    shown.slice(0, limit).forEach((which, position) => {
      const item = index.items[which];
      const li = make('li', (item[4] & 3 ? '⇄ ' : '') + nameOf(item));
      li.id = 'item' + position;
      li.setAttribute('role', 'option');
      li.setAttribute('aria-selected', String(position === at));
      li.dataset.at = position;
      rows.append(li);
    });
    if (shown.length > limit) {
      const more = make('li', w().more);
      more.id = 'more';
      more.setAttribute('role', 'option');
      rows.append(more);
    }
    list.replaceChildren(rows);
    count.textContent = shown.length + w().of + index.items.length;
  };

  const kinds = {all: () => true, flips: i => (i[4] & 3) !== 0, wrong: i => (i[4] & 1) !== 0, right: i => (i[4] & 2) !== 0,
    unscored: i => (i[4] & 4) !== 0};
  const filter = () => {
    const task = by('f-task').value, kind = kinds[by('f-kind').value], text = by('f-text').value.toLowerCase();
    const mine = ++search;
    const fits = index.items.map((item, i) => [item, i])
      .filter(([item]) => (task === '' || item[0] === Number(task)) && kind(item));
    limit = kPage;
    const finish = found => { shown = found; at = -1; fill(); show(shown.length ? 0 : -1); };
    if (!text) { finish(fits.map(([, i]) => i)); return; }
    count.textContent = w().searching;
    // In slices, so that typing stays possible while much is searched.
    const found = [];
    let next = 0;
    const step = () => {
      if (mine !== search) return;
      const until = performance.now() + 30;
      while (next < fits.length && performance.now() < until) {
        const [item, i] = fits[next++];
        const words = [nameOf(item), item[2], item[3], ...outputsOf(i).map(o => o && o.t || '')];
        if (words.some(x => x.toLowerCase().includes(text))) found.push(i);
      }
      if (next < fits.length) setTimeout(step); else finish(found);
    };
    step();
  };

  for (const id of ['f-task', 'f-kind', 'f-text']) by(id).addEventListener('input', filter);
  by('filter').addEventListener('submit', e => e.preventDefault());
  list.addEventListener('click', e => {
    const li = e.target.closest('li');
    if (!li) return;
    if (li.id === 'more') { limit += kPage; fill(); } else show(Number(li.dataset.at));
  });
  list.addEventListener('keydown', e => {
    const last = Math.min(shown.length, limit) - 1;
    const to = {ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10, Home: 0, End: last}[e.key];
    if (to === undefined || last < 0) return;
    e.preventDefault();
    if (to > last && shown.length > limit) { limit += kPage; fill(); }
    show(Math.min(Math.max(to, 0), Math.min(shown.length, limit) - 1));
    by('item' + at).scrollIntoView({block: 'nearest'});
  });

  const speak = language => {
    root.lang = language;
    const other = language === 'zh' ? 1 : 0;
    for (const e of document.querySelectorAll('[data-words]')) e.textContent = e.dataset.words.split('|')[other];
    for (const e of document.querySelectorAll('[data-label]')) e.setAttribute('aria-label', e.dataset.label.split('|')[other]);
    assayCharts.draw(language);
    fill();
    show(at);
  };
  by('language').addEventListener('click', () => speak(root.lang === 'zh' ? 'en' : 'zh'));
  by('theme').addEventListener('click', () => {
    const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
  });
  addEventListener('beforeprint', () => { for (const d of document.querySelectorAll('details')) d.open = true; });
  filter();
  speak(root.lang);
})();
