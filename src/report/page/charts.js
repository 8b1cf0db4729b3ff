// The report's charts, drawn with D3 from the finished values in #figures. Every number stands in a
// table of the page as well.
'use strict';
const assayCharts = (() => {
  const figures = JSON.parse(document.getElementById('figures').textContent);
  const kWidth = 960;

  const wordOf = (name, zh) => figures.words[name][zh ? 1 : 0];
  const start = (id, height, title, width = kWidth) => {
    const holder = d3.select('#' + id);
    holder.selectAll('*').remove();
    const svg = holder.append('svg').attr('viewBox', '0 0 ' + width + ' ' + height)
      .attr('role', 'img').attr('aria-label', title);
    svg.append('title').text(title);
    return svg;
  };
  const shorten = (text, most) => text.length > most ? text.slice(0, most - 1) + '…' : text;

  const forest = zh => {
    const rows = figures.forest, margin = figures.margin;
    const labelOf = r => r.label[zh ? 1 : 0];
    const kLabel = 250, kText = 210, kRow = 26, bottom = rows.length * kRow + 8;
    const svg = start('forest-chart', bottom + 40, wordOf('forest', zh));
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
    const svg = start('looks-plot-chart', rows * kHeight, wordOf('looks', zh));
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
        .append('title').text(n => n + ' ' + wordOf('pairs', zh));
      const look = g.selectAll('.look').data(panel.taken).enter().append('g')
        .attr('class', l => 'look ' + l.shown).attr('transform', l => 'translate(' + x(l.pairs) + ',0)');
      look.append('line').attr('class', 'interval').attr('y1', l => y(l.low)).attr('y2', l => y(l.high));
      look.append('circle').attr('class', 'point').attr('cy', l => y(l.diff)).attr('r', 4)
        .append('title').text(l => l.pairs + ' ' + wordOf('pairs', zh) + ': ' + l.text);
      const ticks = panel.taken.map(l => l.pairs).concat(panel.to_come)
        .filter((n, i, all) => i === 0 || x(n) - x(all[i - 1]) > 28);
      g.append('g').attr('transform', 'translate(0,' + (kHeight - kFoot) + ')')
        .call(d3.axisBottom(x).tickValues(ticks).tickFormat(d3.format('d')));
      g.append('g').attr('transform', 'translate(' + kLeft + ',0)').call(d3.axisLeft(y).ticks(6));
      g.append('text').attr('x', width - 12).attr('y', kHeight - 6).attr('text-anchor', 'end')
        .text(wordOf('pairs', zh));
    });
  };

  const bars = zh => {
    const panels = figures.bars, kRow = 24, kLabel = 150;
    const n = figures.variants.length, height = n * kRow + 34;
    const svg = start('speed-chart', height, wordOf('bars', zh));
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

  // Half as wide: two of them stand beside each other.
  const kHalf = 480, kLabelHalf = 170;
  const rowsOf = (svg, rows, kRow, labelOf) => {
    const row = svg.selectAll('.row').data(rows).enter().append('g').attr('class', 'row')
      .attr('transform', (_, i) => 'translate(0,' + (i * kRow + 20) + ')');
    row.append('text').attr('x', kLabelHalf - 8).attr('y', 13).attr('text-anchor', 'end')
      .text(r => shorten(labelOf(r), 24)).append('title').text(labelOf);
    return row;
  };

  // To wrong on the left, to right on the right of the middle.
  const flips = zh => {
    const rows = figures.flips, kRow = 22, middle = (kLabelHalf + kHalf) / 2;
    const svg = start('flips-chart', rows.length * kRow + 26, wordOf('flips', zh), kHalf);
    const most = Math.max(1, ...rows.map(r => Math.max(r.wrong, r.right)));
    const x = d3.scaleLinear().domain([0, most]).range([0, middle - kLabelHalf - 34]);
    svg.append('text').attr('x', middle - 6).attr('y', 13).attr('text-anchor', 'end').text('← ' + wordOf('wrong', zh));
    svg.append('text').attr('x', middle + 6).attr('y', 13).text(wordOf('right', zh) + ' →');
    const row = rowsOf(svg, rows, kRow, r => r.label[zh ? 1 : 0]);
    row.append('rect').attr('class', 'to-wrong').attr('x', r => middle - x(r.wrong)).attr('width', r => x(r.wrong)).attr('height', kRow - 6);
    row.append('rect').attr('class', 'to-right').attr('x', middle).attr('width', r => x(r.right)).attr('height', kRow - 6);
    row.append('text').attr('x', r => middle - x(r.wrong) - 5).attr('y', 13).attr('text-anchor', 'end').text(r => r.wrong);
    row.append('text').attr('x', r => middle + x(r.right) + 5).attr('y', 13).text(r => r.right);
    svg.append('line').attr('class', 'zero').attr('x1', middle).attr('x2', middle).attr('y1', 18).attr('y2', rows.length * kRow + 20);
  };

  const discordance = zh => {
    const rows = figures.flips, kRow = 22, foot = rows.length * kRow + 20;
    const svg = start('discordance-chart', foot + 30, wordOf('discordance', zh), kHalf);
    const most = Math.min(100, 1.1 * Math.max(2 * figures.forecast, ...rows.map(r => r.discordance)));
    const x = d3.scaleLinear().domain([0, most]).range([kLabelHalf, kHalf - 56]);
    const at = x(figures.forecast);
    svg.append('line').attr('class', 'edge').attr('x1', at).attr('x2', at).attr('y1', 16).attr('y2', foot);
    svg.append('text').attr('x', at).attr('y', 12).attr('text-anchor', 'middle').text(wordOf('forecast', zh) + ' ' + figures.forecast + ' %');
    const row = rowsOf(svg, rows, kRow, r => r.label[zh ? 1 : 0]);
    row.append('line').attr('class', 'stem').attr('x1', kLabelHalf).attr('x2', r => x(r.discordance)).attr('y1', 9).attr('y2', 9);
    row.append('circle').attr('class', 'dot').attr('cx', r => x(r.discordance)).attr('cy', 9).attr('r', 5);
    row.append('text').attr('x', r => x(r.discordance) + 9).attr('y', 13).text(r => r.discordance.toFixed(1) + ' %');
    svg.append('g').attr('transform', 'translate(0,' + foot + ')').call(d3.axisBottom(x).ticks(5));
  };

  const agreementByTask = zh => {
    const lines = figures.fidelity, kRow = 22;
    const rows = lines.flatMap((line, l) => line.tasks.map(t => ({...t, line: l, label: line.name + ': ' + t.label})));
    const foot = rows.length * kRow + 20;
    const svg = start('agreement-by-task-chart', foot + 30, wordOf('tasks', zh), kHalf);
    const least = Math.min(95, ...rows.map(r => r.agreement));
    const x = d3.scaleLinear().domain([Math.floor(least / 5) * 5, 100]).range([kLabelHalf, kHalf - 56]);
    const row = rowsOf(svg, rows, kRow, r => r.label);
    row.append('line').attr('class', 'stem').attr('x1', r => x(r.agreement)).attr('x2', x(100)).attr('y1', 9).attr('y2', 9);
    row.append('circle').attr('class', r => 'dot line' + r.line % 6).attr('cx', r => x(r.agreement)).attr('cy', 9).attr('r', 5);
    row.append('text').attr('x', kHalf - 48).attr('y', 13).text(r => r.agreement.toFixed(1) + ' %');
    svg.append('g').attr('transform', 'translate(0,' + foot + ')').call(d3.axisBottom(x).ticks(5));
  };

  // A line a variant over steps that are named, each line with its name at its end.
  const lineChart = (id, title, name, value, y, ticks) => {
    const lines = figures.fidelity, kHeight = 220, kFoot = 30, kRight = 110;
    const svg = start(id, kHeight, title, kHalf);
    const labels = lines.reduce((longest, l) => l[name].length > longest.length ? l[name].map(p => p.label) : longest, []);
    const x = i => 50 + (labels.length > 1 ? i / (labels.length - 1) : 0) * (kHalf - kRight - 50);
    y.range([kHeight - kFoot, 12]);
    svg.append('g').attr('transform', 'translate(42,0)').call(ticks(d3.axisLeft(y)));
    labels.forEach((label, i) => svg.append('text').attr('class', 'step').attr('x', x(i)).attr('y', kHeight - 8).attr('text-anchor', 'middle').text(label));
    const ends = [];
    lines.forEach((line, l) => {
      const points = line[name].map((p, i) => [x(i), y(value(p)), p]);
      const g = svg.append('g').attr('class', 'line line' + l % 6);
      g.append('path').attr('d', 'M' + points.map(p => p[0].toFixed(1) + ' ' + p[1].toFixed(1)).join('L'));
      g.selectAll('circle').data(points).enter().append('circle').attr('cx', p => p[0]).attr('cy', p => p[1]).attr('r', 4)
        .append('title').text(p => line.name + ' ' + p[2].label + ': ' + value(p[2]).toPrecision(3));
      const last = points[points.length - 1];
      let at = last[1] + 4;
      while (ends.some(end => Math.abs(end - at) < 13)) at += 13;
      ends.push(at);
      g.append('text').attr('x', last[0] + 9).attr('y', at).text(shorten(line.name, 15));
    });
  };
  const agreementByPosition = zh => {
    const all = figures.fidelity.flatMap(l => l.positions.map(p => p.agreement));
    const y = d3.scaleLinear().domain([Math.floor(Math.min(95, ...all) / 5) * 5, 100]);
    lineChart('agreement-by-position-chart', wordOf('positions', zh), 'positions', p => p.agreement, y, axis => axis.ticks(5));
  };
  const quantiles = zh => {
    const least = 1e-6;
    const all = figures.fidelity.flatMap(l => l.quantiles.map(q => Math.max(least, q.kl)));
    const y = d3.scaleLog().domain([Math.min(...all) / 1.5, Math.max(...all) * 1.5]);
    lineChart('kl-quantiles-chart', wordOf('quantiles', zh), 'quantiles', q => Math.max(least, q.kl), y, axis => axis.ticks(4, '.0e'));
  };

  return {draw: language => {
    const zh = language === 'zh';
    if (figures.forest.length) forest(zh);
    if (figures.looks.length) looks(zh);
    if (figures.flips.length) { flips(zh); discordance(zh); }
    if (figures.fidelity.length) { agreementByTask(zh); agreementByPosition(zh); quantiles(zh); }
    if (figures.bars.length) bars(zh);
  }};
})();
