// The last day of one datastream, and each observation after it as it comes; a lost stream goes on where it was.

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [412, 190, 46, 10, 10, 22];
const DAY_MS = 86_400_000;
const POINTS = 300;
const AGAIN_MS = 5000; // after which a stream that was refused is asked for again
const TICKS = 4;

export default {
  template: `
    <figure class="live-chart" :data-state="state">
      <svg :viewBox="'0 0 ' + width + ' ' + height" role="img" :aria-label="label">
        <g v-for="tick in levels" :key="tick.y">
          <line class="live-grid" :x1="left" :x2="width - 10" :y1="tick.y" :y2="tick.y" />
          <text class="live-text" :x="left - 6" :y="tick.y + 4" text-anchor="end">{{ tick.text }}</text>
        </g>
        <text v-for="tick in hours" :key="tick.x" class="live-text" :x="tick.x" :y="height - 6" text-anchor="middle">{{ tick.text }}</text>
        <path class="live-line" :d="path" />
        <circle v-if="last" class="live-last" r="4" :cx="x(last[0])" :cy="y(last[1])" />
        <text v-if="!points.length" class="live-text" :x="width / 2" :y="height / 2" text-anchor="middle">{{ words[state === "live" ? "empty" : "reading"] }}</text>
      </svg>
      <figcaption><i class="live-mark" aria-hidden="true"></i><span role="status">{{ words[state] }}</span></figcaption>
    </figure>`,
  props: { datastream: Number, interval: Number, label: String, zone: String, language: String, words: Object },
  data: () => ({ points: [], state: "reading", until: Date.now(), width: WIDTH, height: HEIGHT, left: LEFT }),
  computed: {
    last() {
      return this.points.at(-1);
    },
    range() {
      const values = this.points.map(([, value]) => value);
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const room = (high - low || Math.abs(high) || 1) * 0.08;
      return [low - room, high + room];
    },
    levels() {
      if (!this.points.length) return [];
      const [low, high] = this.range;
      const size = (high - low) / TICKS;
      const step = [1, 2, 5, 10].map((n) => n * 10 ** Math.floor(Math.log10(size))).find((each) => each >= size);
      const digits = Math.max(0, -Math.floor(Math.log10(step)));
      const format = new Intl.NumberFormat(this.language === "vi" ? "vi-VN" : "en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
      const found = [];
      for (let at = Math.ceil(low / step) * step; at <= high; at += step) found.push({ y: this.y(at), text: format.format(at) });
      return found;
    },
    hours() {
      const format = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: this.zone });
      return [0, 6, 12, 18, 24].map((n) => {
        const x = LEFT + ((WIDTH - LEFT - RIGHT) * n) / 24;
        return { x: Math.min(x, WIDTH - 18), text: format.format(this.until - DAY_MS + (n * DAY_MS) / 24) };
      });
    },
    path() {
      // What is missing is a gap and not a line.
      const gap = 3 * Math.max(this.interval * 1000, DAY_MS / POINTS);
      return this.points
        .map(([time, value], at) => {
          const joined = at > 0 && time - this.points[at - 1][0] <= gap;
          const alone = !joined && !(this.points[at + 1]?.[0] - time <= gap);
          return `${joined ? "L" : "M"}${this.x(time)},${this.y(value)}${alone ? "h1" : ""}`;
        })
        .join("");
    },
  },
  mounted() {
    this.open();
  },
  unmounted() {
    clearTimeout(this.timer);
    this.source?.close();
  },
  methods: {
    x(time) {
      return LEFT + (WIDTH - LEFT - RIGHT) * (1 - (this.until - time) / DAY_MS);
    },
    y(value) {
      const [low, high] = this.range;
      return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / (high - low));
    },
    open() {
      const after = this.seen ? `&after=${this.seen}` : "";
      this.source = new EventSource(`v1/live?event=observation&datastream=${this.datastream}${after}`);
      this.source.addEventListener("subscribed", () => this.load());
      this.source.addEventListener("reset", () => this.load());
      this.source.addEventListener("observation", (event) => {
        this.seen = event.lastEventId;
        const { datastream_id, time, value } = JSON.parse(event.data);
        if (datastream_id === this.datastream) this.add([[Date.parse(time), value]]);
      });
      this.source.onerror = () => {
        this.state = "lost";
        if (this.source.readyState === EventSource.CLOSED) this.timer = setTimeout(this.open, AGAIN_MS);
      };
    },
    async load() {
      const since = new Date(Date.now() - DAY_MS).toISOString();
      try {
        const answer = await fetch(`v1/datastreams/${this.datastream}/observations?points=${POINTS}&from=${since}`);
        if (!answer.ok) throw new Error(answer.status);
        const { items } = await answer.json();
        this.points = [];
        this.add(items.map(({ time, value }) => [Date.parse(time), value]));
        this.state = "live";
      } catch {
        this.state = "lost";
      }
    },
    add(more) {
      this.until = Math.max(Date.now(), ...more.map(([time]) => time));
      const found = new Map([...this.points, ...more]);
      this.points = [...found].filter(([time]) => time > this.until - DAY_MS).sort(([one], [other]) => one - other);
    },
  },
};
