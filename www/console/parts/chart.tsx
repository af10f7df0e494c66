// A chart over days: drawn by uPlot on a canvas, and the same figures as a table for who cannot or does not want to see it.

import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { day } from "./format";
import { useTheme } from "./theme";

export interface Series {
  label: string;
  values: number[];
  /** The custom property with its colour. */
  colour: string;
}

interface Drawn {
  label: string;
  days: string[];
  /** Drawn one before the other: each is a part of the one before it. */
  series: Series[];
  shown: (value: number) => string;
  axis: (value: number) => string;
}

const HEIGHT = 240;

export function Chart(chart: Drawn): VNode {
  const place = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const theme = useTheme();
  useEffect(() => {
    const host = place.current;
    if (!host || chart.days.length === 0) return;
    const plot = new uPlot(options(host, chart, setAt), data(chart), host);
    const sized = new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height: HEIGHT }));
    sized.observe(host);
    return () => {
      sized.disconnect();
      plot.destroy();
    };
  }, [chart.days, chart.series.map(({ label, values }) => label + values.join()).join(), theme]);
  const index = at ?? chart.days.length - 1;
  return (
    <figure class="chart" aria-label={chart.label}>
      <div class="plot" ref={place} aria-hidden="true" />
      <figcaption>
        <p class="readout">
          <span>{day(chart.days[index] ?? "")}</span>
          {chart.series.map(({ label, values, colour }) => (
            <span key={label} class="key">
              <i class={`swatch is${colour.slice(1)}`} /> {label} <b>{chart.shown(values[index] ?? 0)}</b>
            </span>
          ))}
        </p>
        <details>
          <summary>As a table</summary>
          <div class="sheet" role="group" aria-label={`${chart.label}, as a table`} tabIndex={0}>
            <table>
              <thead>
                <tr>
                  <th scope="col">Day</th>
                  {chart.series.map(({ label }) => (
                    <th key={label} scope="col" class="num">
                      {label}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {chart.days.map((name, i) => (
                  <tr key={name}>
                    <th scope="row">{day(name)}</th>
                    {chart.series.map(({ label, values }) => (
                      <td key={label} class="num">
                        {chart.shown(values[i] ?? 0)}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      </figcaption>
    </figure>
  );
}

const data = ({ days, series }: Drawn): uPlot.AlignedData => [
  days.map((name) => Date.parse(`${name}T00:00:00Z`) / 1_000),
  ...series.map(({ values }) => values),
];

function options(host: HTMLElement, { days, series, axis }: Drawn, hovered: (at: number | null) => void): uPlot.Options {
  const soft = colourOf(host, "--soft");
  const line = colourOf(host, "--line");
  const font = `12px ${getComputedStyle(host).fontFamily}`;
  const bars = uPlot.paths.bars?.({ size: [0.72, 28], radius: 0.18 });
  return {
    width: host.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), "Etc/UTC"),
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: { range: (_, first, last) => [first - 43_200, last + 43_200] },
      y: { range: (_, __, most) => [0, Math.max(most, 1) * 1.1] },
    },
    axes: [
      {
        stroke: soft,
        font,
        size: 32,
        grid: { show: false },
        ticks: { show: false },
        space: 70,
        values: (_, at) => at.map((seconds) => day(new Date(seconds * 1_000).toISOString().slice(0, 10))),
      },
      {
        stroke: soft,
        font,
        size: 58,
        space: 48,
        grid: { stroke: line, width: 1 },
        ticks: { show: false },
        values: (_, at) => at.map(axis),
      },
    ],
    series: [
      {},
      ...series.map(({ label, colour }) => {
        const fill = colourOf(host, colour);
        return { label, fill, stroke: fill, width: 0, points: { show: false }, ...(bars && { paths: bars }) };
      }),
    ],
    hooks: { setCursor: [(plot) => hovered(plot.cursor.idx != null && plot.cursor.idx < days.length ? plot.cursor.idx : null)] },
  };
}

/** A custom property as the canvas understands colours: what the browser makes of it in the theme of the moment. */
function colourOf(host: HTMLElement, property: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${property})`;
  host.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
