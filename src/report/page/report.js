// The report's controls, its sortable tables and the browser of items. What a model wrote reaches
// the page as text only.
'use strict';
(() => {
  const by = id => document.getElementById(id);
  const root = document.documentElement;
  const index = JSON.parse(by('index').textContent);
  const list = by('list'), detail = by('detail'), count = by('f-count');
  const kPage = 300;
  const words = {
    en: {right: 'right', wrong: 'wrong', notRun: 'not run', answer: 'right answer: ', found: 'found: ',
      nothing: 'nothing', ended: 'ended by: ', more: 'show more', of: ' of ', same: 'the outputs are word for word the same',
      left: 'text left out to keep this file small; `assay explain` shows it', diverges: 'leaves the baseline at character ',
      searching: 'searching…', none: 'no item', question: 'question', prompt: 'prompt as rendered', thoughts: 'thoughts, characters: ',
      why: 'why: ', copy: 'copy', copied: 'copied', link: 'copy link', inThoughts: ' (in its thoughts)', by: ' by '},
    zh: {right: '对', wrong: '错', notRun: '未运行', answer: '正确答案：', found: '提取到：',
      nothing: '无', ended: '结束原因：', more: '显示更多', of: ' / ', same: '各输出逐字相同',
      left: '为控制文件大小省略了文本；可用 `assay explain` 查看', diverges: '与基线分歧于第几个字符：',
      searching: '搜索中…', none: '没有题目', question: '题目', prompt: '实际发送的提示词', thoughts: '思考过程，字符数：',
      why: '原因：', copy: '复制', copied: '已复制', link: '复制链接', inThoughts: '（在思考过程中）', by: '，规则：'},
  };
  const w = () => words[root.lang] || words.en;
  const make = (name, text, cls) => {
    const e = document.createElement(name);
    if (text !== undefined) e.textContent = text;
    if (cls) e.className = cls;
    return e;
  };

  // Texts lie in chunks that are parsed when one of their items is wanted.
  const chunks = new Map();
  const chunkOf = at => {
    const c = Math.floor(at / index.chunk);
    if (!chunks.has(c)) chunks.set(c, JSON.parse(by('chunk' + c).textContent));
    return chunks.get(c);
  };
  const textsOf = at => chunkOf(at).items[at % index.chunk];
  const promptOf = at => {
    const own = textsOf(at).p;
    return own === undefined ? undefined : chunkOf(at).shared[own[0]] + own[1];
  };

  let shown = [], at = -1, limit = kPage, search = 0;
  const nameOf = item => index.tasks[item[0]][1] + ' / ' + item[1];
  const linkOf = item => '#item=' + encodeURIComponent(index.tasks[item[0]][0]) + '/' + encodeURIComponent(item[1]);

  // A button that copies; from a file the old way works where the new one is not allowed.
  const copyButton = (label, text) => {
    const b = make('button', label, 'copy');
    b.type = 'button';
    b.addEventListener('click', () => {
      const done = () => { b.textContent = w().copied; setTimeout(() => { b.textContent = label; }, 1200); };
      const old = () => {
        const area = make('textarea', text());
        document.body.append(area);
        area.select();
        document.execCommand('copy');
        area.remove();
        b.focus();
        done();
      };
      if (navigator.clipboard) navigator.clipboard.writeText(text()).then(done, old); else old();
    });
    return b;
  };

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
  const folded = (summary, body, open) => {
    const d = make('details');
    d.open = !!open;
    d.append(make('summary', summary), body);
    return d;
  };
  // Thoughts end with this in every template that has them; what comes before is folded away.
  const kEndOfThoughts = '</think>';
  const outputNodes = (text, d) => {
    const end = text.lastIndexOf(kEndOfThoughts);
    if (end < 0) return [textWithMark(text, d)];
    const cut = end + kEndOfThoughts.length;
    const inside = d >= 0 && d < cut;
    return [folded(w().thoughts + end + (inside ? w().inThoughts : ''), textWithMark(text.slice(0, cut), inside ? d : -1)),
      textWithMark(text.slice(cut), inside ? -1 : d - cut)];
  };

  const column = (o, v, base, d) => {
    const col = make('div');
    const head = make('h4', index.variants[v] + ': ');
    col.append(head);
    if (!o) { head.append(make('span', w().notRun, 'sub')); return col; }
    const scored = o.o === 'scored';
    const word = !scored ? o.o : o.s >= 1 ? w().right : o.s > 0 ? o.s.toFixed(2) : w().wrong;
    head.append(make('span', word, !scored ? 'sub' : o.s >= 0.5 ? 'right' : 'wrong'));
    const zh = root.lang === 'zh' ? 1 : 0;
    col.append(make('p', w().found + (o.x || w().nothing) + (o.h ? w().by + o.h : ''), 'sub'));
    if (o.w) col.append(make('p', w().why + o.w, 'why'));
    const signs = index.flags.filter((_, bit) => (o.g || 0) >> bit & 1).map(names => names[zh]);
    col.append(make('p', w().ended + o.f + (signs.length ? ' · ' + signs.join(', ') : ''), 'sub'));
    if (o.t === undefined) { col.append(make('p', w().left, 'note')); return col; }
    if (d >= 0 && !base) col.append(make('p', w().diverges + (d + 1), 'sub'));
    col.append(...outputNodes(o.t, d), copyButton(w().copy, () => o.t));
    return col;
  };

  const show = position => {
    at = position;
    for (const li of list.children) li.setAttribute('aria-selected', String(li.dataset.at === String(position)));
    if (position >= 0) list.setAttribute('aria-activedescendant', 'item' + position); else list.removeAttribute('aria-activedescendant');
    detail.replaceChildren();
    if (position < 0 || position >= shown.length) { detail.append(make('p', w().none)); return; }
    const which = shown[position], item = index.items[which], texts = textsOf(which), outputs = texts.o;
    const head = make('h3', nameOf(item) + (item[2] ? ' (' + item[2] + ')' : '') + ' ');
    head.append(copyButton(w().link, () => location.href.split('#')[0] + linkOf(item)));
    detail.append(head, make('p', w().answer + item[3], 'sub'));
    if (texts.q) detail.append(folded(w().question, make('p', texts.q, 'asked'), true));
    const prompt = promptOf(which);
    if (prompt !== undefined) {
      const d = folded(w().prompt, make('div'));
      d.addEventListener('toggle', () => {
        if (d.open && d.children.length < 3) d.append(textWithMark(prompt, -1), copyButton(w().copy, () => prompt));
      });
      detail.append(d);
    }
    const base = outputs[index.baseline];
    const places = outputs.map((o, v) => v !== index.baseline && o && base && o.t !== undefined && base.t !== undefined
      ? divergence(base.t, o.t) : -1);
    const first = places.reduce((best, d) => d >= 0 && (best < 0 || d < best) ? d : best, -1);
    const cols = make('div', undefined, 'cols');
    outputs.forEach((o, v) => cols.append(column(o, v, v === index.baseline, v === index.baseline ? first : places[v])));
    detail.append(cols);
    if (first < 0 && outputs.every(o => o && o.t !== undefined)) detail.append(make('p', w().same, 'sub'));
    for (const mark of detail.querySelectorAll('mark')) {
      const pre = mark.parentElement;
      pre.scrollTop = mark.offsetTop - pre.offsetTop - pre.clientHeight / 2;
    }
  };

  const differs = item => {
    const base = item[4][index.baseline], other = {r: 'w', w: 'r'}[base];
    return other !== undefined && item[4].includes(other);
  };
  const fill = () => {
    const rows = document.createDocumentFragment();
    shown.slice(0, limit).forEach((which, position) => {
      const item = index.items[which];
      const li = make('li', (differs(item) ? '⇄ ' : '') + nameOf(item));
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
      more.setAttribute('aria-selected', 'false');
      rows.append(more);
    }
    list.replaceChildren(rows);
    count.textContent = shown.length + w().of + index.items.length;
  };

  const toWrong = i => i[4][index.baseline] === 'r' && i[4].includes('w');
  const toRight = i => i[4][index.baseline] === 'w' && i[4].includes('r');
  const kinds = {all: () => true, flips: i => toWrong(i) || toRight(i), wrong: toWrong, right: toRight,
    unscored: i => i[4].includes('u'), missing: i => i[4].includes('-')};
  const kFilters = {task: 'f-task', show: 'f-kind', right: 'f-right', wrong: 'f-wrong', flag: 'f-flag', find: 'f-text'};
  // `then`: once the list is there; texts are searched in slices.
  const filter = then => {
    const task = by('f-task').value, kind = kinds[by('f-kind').value], text = by('f-text').value.toLowerCase();
    const right = by('f-right').value, wrong = by('f-wrong').value, flag = by('f-flag').value;
    const mine = ++search;
    const fits = [];
    index.items.forEach((item, i) => {
      if ((task === '' || item[0] === Number(task)) && kind(item) && (right === '' || item[4][right] === 'r') &&
          (wrong === '' || item[4][wrong] === 'w') && (flag === '' || (item[5] || 0) >> flag & 1)) fits.push(i);
    });
    limit = kPage;
    const finish = found => { shown = found; at = -1; fill(); show(shown.length ? 0 : -1); if (typeof then === 'function') then(); };
    if (!text) { finish(fits); return; }
    count.textContent = w().searching;
    // In slices, so that typing stays possible while much is searched.
    const found = [];
    let next = 0;
    const step = () => {
      if (mine !== search) return;
      const until = performance.now() + 30;
      while (next < fits.length && performance.now() < until) {
        const i = fits[next++], item = index.items[i], texts = textsOf(i);
        const all = [nameOf(item), item[2], item[3], texts.q || '', ...texts.o.map(o => o && o.t || '')];
        if (all.some(x => x.toLowerCase().includes(text))) found.push(i);
      }
      if (next < fits.length) setTimeout(step); else finish(found);
    };
    step();
  };

  const inWords = text => { try { return decodeURIComponent(text); } catch { return text; } };
  // #item=TASK/ID and #items?task=…&show=…&right=…&wrong=…&flag=…&find=…, names percent-encoded.
  const follow = () => {
    const hash = location.hash;
    if (hash.startsWith('#item=')) {
      const [task, id] = hash.slice(6).split('/').map(inWords);
      const which = index.items.findIndex(i => index.tasks[i[0]][0] === task && i[1] === id);
      if (which < 0) return;
      for (const id of Object.values(kFilters)) by(id).value = id === 'f-kind' ? 'all' : '';
      filter(() => {
        while (limit <= which) limit += kPage;
        fill();
        show(which);
        by('item' + which).scrollIntoView({block: 'nearest'});
        by('items').scrollIntoView();
        list.focus({preventScroll: true});
      });
    } else if (hash.startsWith('#items?')) {
      const wanted = new URLSearchParams(hash.slice(7));
      for (const [name, id] of Object.entries(kFilters)) by(id).value = id === 'f-kind' ? 'all' : '';
      const place = (names, name) => { const i = names.indexOf(name); return i < 0 ? '' : String(i); };
      for (const [name, value] of wanted) {
        if (name === 'task') by('f-task').value = place(index.tasks.map(t => t[0]), value);
        else if (name === 'right' || name === 'wrong') by(kFilters[name]).value = place(index.variants, value);
        else if (name === 'flag') by('f-flag').value = place(index.flags.map(f => f[0]), value);
        else if (name === 'show' && kinds[value]) by('f-kind').value = value;
        else if (name === 'find') by('f-text').value = value;
      }
      filter(() => by('items').scrollIntoView());
    }
  };
  addEventListener('hashchange', follow);

  for (const id of Object.values(kFilters)) by(id).addEventListener('input', filter);
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

  // Tables of three rows or more sort by a click on a head: by the number a cell begins with, or by
  // its words. A third click brings the report's own order back.
  const keyOf = cell => {
    const text = cell ? cell.innerText.trim().replace(/−/g, '-') : '';
    const number = /^[+-]?[\d.,]+/.exec(text);
    return number ? Number(number[0].replace(/,/g, '')) : text === '' ? undefined : text;
  };
  const compare = (a, b) => {
    if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
    if (typeof a === 'number' && typeof b === 'number') return a - b;
    return typeof a === typeof b ? a.localeCompare(b) : typeof a === 'number' ? -1 : 1;
  };
  for (const table of document.querySelectorAll('.wide table')) {
    const body = table.tBodies[0], rows = [...body.rows];
    if (rows.length < 3) continue;
    [...table.tHead.rows[0].cells].forEach((th, column) => {
      const button = make('button', undefined, 'sort');
      button.type = 'button';
      button.append(...th.childNodes);
      th.append(button);
      button.addEventListener('click', () => {
        const next = {none: 'ascending', ascending: 'descending', descending: 'none'}[th.getAttribute('aria-sort') || 'none'];
        for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
        if (next !== 'none') th.setAttribute('aria-sort', next);
        const order = next === 'none' ? rows : rows.map(r => [keyOf(r.cells[column]), r])
          .sort((a, b) => next === 'ascending' || a[0] === undefined || b[0] === undefined ? compare(a[0], b[0]) : compare(b[0], a[0]))
          .map(pair => pair[1]);
        body.append(...order);
      });
    });
  }

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
  addEventListener('beforeprint', () => { for (const d of document.querySelectorAll('main details')) d.open = true; });
  filter();
  speak(root.lang);
  follow();
})();
