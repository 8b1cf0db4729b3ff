// The report's charts, drawn with D3 from the finished values in #figures. Every number stands in a
// table of the page as well.
'use strict';
const assayCharts = (() => {
  const figures = JSON.parse(document.getElementById('figures').textContent);
  const kWidth = 960;

  const start = (id, height, title) => {
    const holder = d3.select('#' + id);
    holder.selectAll('*').remove();
    const svg = holder.append('svg').attr('viewBox', '0 0 ' + kWidth + ' ' + height)
      .attr('role', 'img').attr('aria-label', title);
    svg.append('title').text(title);
    return svg;
  };
  const shorten = (text, most) => text.length > most ? text.slice(0, most - 1) + '…' : text;

  const forest = zh => {
    const rows = figures.forest, margin = figures.margin;
    const labelOf = r => r.label[zh ? 1 : 0];
    const kLabel = 250, kText = 210, kRow = 26, bottom = rows.length * kRow + 8;
    const svg = start('forest-chart', bottom + 40, figures.forest_title[zh ? 1 : 0]);
    let reach = 2 * margin;
    for (const r of rows) reach = Math.max(reach, Math.abs(r.low), Math.abs(r.high));
    reach = Math.min(reach * 1.05, 100);
    const x = d3.scaleLinear().domain([-reach, reach]).range([kLabel, kWidth - kText]).clamp(true);
    svg.selectAll('.stripe').data(rows.filter((_, i) => i % 2)).enter().append('rect')
      .attr('class', 'stripe').attr('x', 0).attr('width', kWidth)
      .attr('y', (_, i) => (2 * i + 1) * kRow + 4).attr('height', kRow);
    svg.append('rect').attr('class', 'margin').attr('x', x(-margin)).attr('width', x(0) - x(-margin))
      .attr('y', 0).attr('height', bottom);
    for (const [name, at] of [['edge', -margin], ['zero', 0]]) {
      svg.append('line').attr('class', name).attr('x1', x(at)).attr('x2', x(at)).attr('y1', 0).attr('y2', bottom);
    }
    const row = svg.selectAll('.row').data(rows).enter().append('g')
      .attr('class', r => 'row ' + r.verdict + (r.pooled ? ' pooled' : ''))
      .attr('transform', (_, i) => 'translate(0,' + (i * kRow + kRow / 2 + 4) + ')');
    row.append('text').attr('x', kLabel - 12).attr('y', 4).attr('text-anchor', 'end')
      .text(r => shorten(labelOf(r), 36)).append('title').text(labelOf);
    row.append('line').attr('class', 'interval').attr('x1', r => x(r.low)).attr('x2', r => x(r.high));
    row.append('circle').attr('class', 'point').attr('cx', r => x(r.diff)).attr('r', r => r.pooled ? 6 : 4)
      .append('title').text(r => labelOf(r) + ': ' + r.text);
    row.append('text').attr('x', kWidth - kText + 12).attr('y', 4).text(r => r.text);
    svg.append('g').attr('transform', 'translate(0,' + bottom + ')').call(d3.axisBottom(x).ticks(9));
  };

  const looks = zh => {
    const panels = figures.looks, margin = figures.margin, across = Math.min(3, panels.length);
    const kHeight = 250, kLeft = 44, kTop = 24, kFoot = 40;
    const width = kWidth / across, rows = Math.ceil(panels.length / across);
    const svg = start('looks-chart', rows * kHeight, figures.looks_title[zh ? 1 : 0]);
    let reach = 1.5 * margin, most = 0, least = Infinity;
    for (const panel of panels) {
      for (const look of panel.taken) reach = Math.max(reach, Math.abs(look.low), Math.abs(look.high));
      for (const n of [...panel.taken.map(look => look.pairs), ...panel.to_come]) {
        most = Math.max(most, n);
        least = Math.min(least, n);
      }
    }
    reach = Math.min(reach * 1.05, 100);
    const x = d3.scaleLog().domain([least / 1.3, most * 1.3]).range([kLeft, width - 12]);
    const y = d3.scaleLinear().domain([-reach, reach]).range([kHeight - kFoot, kTop]);
    panels.forEach((panel, p) => {
      const g = svg.append('g').attr('class', 'panel').attr('transform',
        'translate(' + (p % across) * width + ',' + Math.floor(p / across) * kHeight + ')');
      g.append('text').attr('x', kLeft).attr('y', 14).text(shorten(panel.name, 30));
      g.append('rect').attr('class', 'margin').attr('x', kLeft).attr('width', width - 12 - kLeft)
        .attr('y', y(0)).attr('height', y(-margin) - y(0));
      for (const [name, at] of [['edge', -margin], ['zero', 0]]) {
        g.append('line').attr('class', name).attr('x1', kLeft).attr('x2', width - 12).attr('y1', y(at)).attr('y2', y(at));
      }
      g.selectAll('.coming').data(panel.to_come).enter().append('line').attr('class', 'coming')
        .attr('x1', n => x(n)).attr('x2', n => x(n)).attr('y1', kTop).attr('y2', kHeight - kFoot)
        .append('title').text(n => n + ' ' + figures.looks_axis[zh ? 1 : 0]);
      const look = g.selectAll('.look').data(panel.taken).enter().append('g')
        .attr('class', l => 'look ' + l.shown).attr('transform', l => 'translate(' + x(l.pairs) + ',0)');
      look.append('line').attr('class', 'interval').attr('y1', l => y(l.low)).attr('y2', l => y(l.high));
      look.append('circle').attr('class', 'point').attr('cy', l => y(l.diff)).attr('r', 4)
        .append('title').text(l => l.pairs + ' ' + figures.looks_axis[zh ? 1 : 0] + ': ' + l.text);
      const ticks = panel.taken.map(l => l.pairs).concat(panel.to_come)
        .filter((n, i, all) => i === 0 || x(n) - x(all[i - 1]) > 28);
      g.append('g').attr('transform', 'translate(0,' + (kHeight - kFoot) + ')')
        .call(d3.axisBottom(x).tickValues(ticks).tickFormat(d3.format('d')));
      g.append('g').attr('transform', 'translate(' + kLeft + ',0)').call(d3.axisLeft(y).ticks(6));
      g.append('text').attr('x', width - 12).attr('y', kHeight - 6).attr('text-anchor', 'end')
        .text(figures.looks_axis[zh ? 1 : 0]);
    });
  };

  const bars = zh => {
    const panels = figures.bars, kRow = 24, kLabel = 150;
    const n = figures.variants.length, height = n * kRow + 34;
    const svg = start('speed-chart', height, figures.bars_title[zh ? 1 : 0]);
    const width = kWidth / panels.length;
    panels.forEach((panel, p) => {
      const g = svg.append('g').attr('transform', 'translate(' + p * width + ',0)');
      g.append('text').attr('x', kLabel).attr('y', 14).text(panel.title[zh ? 1 : 0]);
      const most = Math.max(1e-9, ...panel.values.map(v => v || 0));
      const x = d3.scaleLinear().domain([0, panel.most || most]).range([0, width - kLabel - 80]);
      const row = g.selectAll('.row').data(panel.values).enter().append('g')
        .attr('transform', (_, i) => 'translate(0,' + (22 + i * kRow) + ')');
      row.append('text').attr('x', kLabel - 8).attr('y', 14).attr('text-anchor', 'end')
        .text((_, i) => shorten(figures.variants[i].name, 20));
      row.append('rect').attr('class', (_, i) => 'bar' + (figures.variants[i].baseline ? ' baseline' : '') +
        (p > 0 && figures.variants[i].emulated ? ' emulated' : ''))
        .attr('x', kLabel).attr('width', v => v === null ? 0 : x(v)).attr('height', kRow - 7);
      row.append('text').attr('x', v => kLabel + (v === null ? 0 : x(v)) + 6).attr('y', 13)
        .text((v, i) => panel.texts[i]);
    });
  };

  return {draw: language => {
    const zh = language === 'zh';
    if (figures.forest.length) forest(zh);
    if (figures.looks) looks(zh);
    if (figures.bars.length) bars(zh);
  }};
})();
