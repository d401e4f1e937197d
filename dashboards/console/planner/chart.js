// One indicator over a period: a line for each area, dashed the compared period, and below how complete each step is.

const [LEFT, RIGHT, TOP, HEIGHT, ROW] = [56, 12, 10, 210, 13];
const COLOURS = 8;
const DASHES = ["", "7 3", "2 3"];
// with more areas than this, their completeness is shown as one row: the mean
const MOST_ROWS = 6;
const TICKS = 4;
const HOUR_MS = 3_600_000;
// distances of the marks below, in hours, as people count time
const UNITS = [1, 2, 3, 6, 12, 24, 48, 120, 168, 336, 720, 1464, 2190, 4380, 8760, 17_520];

export const look = (at) => ({ stroke: `var(--line-${at % COLOURS})`, dash: DASHES[Math.floor(at / COLOURS) % DASHES.length] });

export default {
  template: `
    <figure class="plan-chart" ref="box" @pointermove="point" @pointerleave="at = null">
      <svg :viewBox="'0 0 ' + width + ' ' + height" :height="height" role="img" :aria-label="label">
        <g v-for="tick in levels" :key="tick.text">
          <line class="plan-grid" :x1="left" :x2="width - right" :y1="tick.y" :y2="tick.y" />
          <text class="plan-text" :x="left - 6" :y="tick.y + 4" text-anchor="end">{{ tick.text }}</text>
        </g>
        <text v-for="tick in hours" :key="tick.x" class="plan-text" :x="tick.x" :y="floor + 15" :text-anchor="tick.anchor">{{ tick.text }}</text>
        <path v-for="line in before" :key="'b' + line.key" class="plan-before" :d="line.path" :style="{ stroke: line.stroke }" />
        <circle v-for="dot in dots(before)" :key="'b' + dot.key" class="plan-dot-before" :cx="dot.x" :cy="dot.y" r="4" :style="{ stroke: dot.stroke }" />
        <circle v-for="dot in dots(now)" :key="dot.key" class="plan-dot" :cx="dot.x" :cy="dot.y" r="4" :style="{ fill: dot.stroke }" />
        <path v-for="line in now" :key="line.key" class="plan-line" :d="line.path" :style="{ stroke: line.stroke }" :stroke-dasharray="line.dash" />
        <text class="plan-text" :x="left" :y="floor + 34">{{ bands.length && bands[0].mean ? say("band_mean") : say("band") }}</text>
        <g v-for="band in bands" :key="band.key">
          <rect class="plan-band-ground" :x="left" :width="width - left - right" :y="band.y" :height="9" />
          <path :d="band.path" :style="{ fill: band.stroke }" />
        </g>
        <line v-if="at !== null" class="plan-cursor" :x1="x(at)" :x2="x(at)" :y1="top" :y2="floor" />
      </svg>
      <div v-if="told" class="map-tip plan-tip" :style="told.place" aria-hidden="true">
        <b>{{ told.title }}</b>
        <span v-for="line in told.lines" :key="line.name"><i class="swatch" :style="{ background: line.stroke }"></i> {{ line.name }}: {{ line.text }}</span>
      </div>
    </figure>`,
  // lines: of each area { name, stroke, dash, rows, before }, rows by time; span: [start, end] in ms; step: ms
  props: { lines: Array, span: Array, step: Number, label: String, texts: Object },
  data: () => ({ width: 640, at: null, left: LEFT, right: RIGHT, top: TOP, floor: TOP + HEIGHT }),
  computed: {
    height() {
      return this.floor + 40 + ROW * Math.max(this.bands.length, 1);
    },
    range() {
      const values = this.lines.flatMap(({ rows, before }) => [...rows, ...before]).map(({ value }) => value).filter((value) => value !== null);
      let [low, high] = [Infinity, -Infinity];
      for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
      if (low > high) return [0, 1];
      if (low >= 0 && low <= 0.7 * high) low = 0;
      const room = (high - low || Math.abs(high) || 1) * 0.06;
      return [low === 0 ? 0 : low - room, high + room];
    },
    levels() {
      const [low, high] = this.range;
      const size = (high - low) / TICKS;
      const step = [1, 2, 2.5, 5, 10].map((n) => n * 10 ** Math.floor(Math.log10(size))).find((each) => each >= size);
      const found = [];
      for (let n = Math.ceil(low / step - 1e-9); n * step <= high; n += 1) {
        found.push({ y: this.y(n * step), text: this.texts.number(Number((n * step).toPrecision(12))) });
      }
      return found;
    },
    hours() {
      const [start, end] = this.span;
      const most = Math.max(2, Math.floor(this.width / 76));
      const unit = HOUR_MS * (UNITS.find((hours) => (end - start) / (hours * HOUR_MS) <= most) ?? UNITS.at(-1));
      const found = [];
      for (let time = start; time < end; time += unit) {
        found.push({ x: this.x(time), text: this.texts.tick(time, (end - start) / 1000), anchor: time === start ? "start" : "middle" });
      }
      return found;
    },
    now() {
      return this.lines.map((line) => ({ ...line, key: line.name, drawn: line.rows, path: this.path(line.rows) }));
    },
    before() {
      return this.lines.map((line) => ({ ...line, key: line.name, drawn: line.before, path: this.path(line.before) }));
    },
    bands() {
      const one = this.lines.length > MOST_ROWS;
      const rows = one ? [{ name: "", stroke: "var(--accent)", rows: this.means }] : this.lines;
      return rows.map(({ name, stroke, rows: found }, n) => ({ key: name, stroke, mean: one, y: this.floor + 40 + n * ROW, path: this.bars(found, this.floor + 40 + n * ROW) }));
    },
    means() {
      const sums = new Map();
      for (const { rows } of this.lines) for (const { ms, completeness } of rows) sums.set(ms, (sums.get(ms) ?? 0) + completeness);
      return [...sums].map(([ms, sum]) => ({ ms, completeness: sum / this.lines.length }));
    },
    told() {
      if (this.at === null) return null;
      const rows = this.lines.map((line) => ({ line, row: line.rows.find(({ ms }) => ms === this.at) }));
      const lines = rows.map(({ line, row }) => ({
        name: line.name,
        stroke: line.stroke,
        text: row && row.value !== null ? `${this.texts.number(row.value)} (${this.texts.share(row.completeness)})` : this.texts.why(row?.reason),
      }));
      const left = Math.min(Math.max(this.x(this.at), 120), this.width - 120);
      return { title: this.texts.step(this.at, this.step / 1000), lines, place: { left: `${left}px`, top: `${TOP}px`, transform: "translateX(-50%)" } };
    },
  },
  mounted() {
    this.observer = new ResizeObserver(() => (this.width = Math.max(this.$refs.box.clientWidth, 240)));
    this.observer.observe(this.$refs.box);
  },
  unmounted() {
    this.observer.disconnect();
  },
  methods: {
    say(key) {
      return this.texts.say(key);
    },
    x(ms) {
      const [start, end] = this.span;
      return LEFT + ((this.width - LEFT - RIGHT) * (ms - start)) / (end - start);
    },
    y(value) {
      const [low, high] = this.range;
      return TOP + HEIGHT * (1 - (value - low) / (high - low));
    },
    joined(one, other) {
      return one && other && one.value !== null && other.value !== null && other.ms - one.ms < 1.5 * this.step;
    },
    // What is missing is a gap and not a line.
    path(rows) {
      return rows
        .map((row, n) => (row.value === null ? "" : `${this.joined(rows[n - 1], row) ? "L" : "M"}${this.x(row.ms).toFixed(1)},${this.y(row.value).toFixed(1)}`))
        .join("");
    },
    // Values that no line leads to.
    dots(lines) {
      return lines.flatMap(({ key, stroke, drawn }) =>
        drawn
          .filter((row, n) => row.value !== null && !this.joined(drawn[n - 1], row) && !this.joined(row, drawn[n + 1]))
          .map(({ ms, value }) => ({ key: `${key} ${ms}`, stroke, x: this.x(ms), y: this.y(value) })),
      );
    },
    bars(rows, y) {
      return rows
        .map(({ ms, completeness }) => {
          const [from, to] = [this.x(ms), Math.min(this.x(ms + this.step), this.width - RIGHT)];
          const height = 9 * completeness;
          return height ? `M${from.toFixed(1)},${(y + 9).toFixed(1)}V${(y + 9 - height).toFixed(1)}H${to.toFixed(1)}V${(y + 9).toFixed(1)}Z` : "";
        })
        .join("");
    },
    point(event) {
      const wanted = event.clientX - this.$refs.box.getBoundingClientRect().left;
      let [best, far] = [null, Infinity];
      for (const { rows } of this.lines) {
        for (const { ms } of rows) if (Math.abs(this.x(ms) - wanted) < far) [best, far] = [ms, Math.abs(this.x(ms) - wanted)];
      }
      this.at = best;
    },
  },
};
