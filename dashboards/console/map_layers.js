// What lies on the map: things, gateways, levels of water and alerts, on one canvas, and as a list in words.

import { begin, drawAlert, drawGauge, drawPoints, ring } from "halong-map/canvas.js";
import { Grid } from "halong-map/grid.js";
import list from "halong-map/list.js";
import { legend } from "halong-map/legend.js";
import markOf from "halong-map/mark.js";
import { places } from "halong-map/places.js";
import { SEVERITIES, isFlagged, look, waterLook } from "halong-map/states.js";

const POINTS = ["things", "gateways"]; // what is drawn later lies on top
const COMPACT = 480; // px: a narrower map has smaller marks
const MANY = 1000; // points of a kind: more are drawn smaller
const TOUCH_MS = 3000; // how long a tooltip stays after a tap
const ABOVE = { wide: 30, compact: 22 }; // px: an alert lies above its area's label
const LABELLED = 30; // px: a smaller area has its label below
const AGAIN_MS = 5000; // after which positions that could not be read are asked again
const LINES = 6; // of a tooltip

export default {
  components: { list, markOf },
  template: `
    <div class="layers">
      <Teleport v-if="overlay" :to="overlay">
        <canvas ref="canvas" class="map-canvas" role="img" :aria-label="summary"></canvas>
        <div v-if="tip" class="map-tip" :style="tip.place" aria-hidden="true"><b>{{ tip.title }}</b><span v-for="line in tip.lines" :key="line">{{ line }}</span></div>
      </Teleport>
      <ul v-if="legend.length" class="legend layers-legend" :aria-label="say('marks')">
        <template v-for="each in legend" :key="each.kind">
          <li class="legend-unit">{{ say(each.kind) }}</li>
          <li v-for="entry in each.entries" :key="entry.text"><mark-of :look="entry.look" /><span>{{ entry.text }} <b>{{ number(entry.n) }}</b></span></li>
        </template>
      </ul>
      <list v-if="live && named" :rows="rows" :round="round" :number="number" :say="say" @open="$emit('open', $event)" />
      <p class="layers-said layers-status" role="status">{{ status }}</p>
    </div>`,
  // points: kind -> {version, states, away}, null while nothing was read; alerts, gauges: see layers.py
  props: { shown: Array, live: Boolean, projection: Object, areas: Object, types: Object, points: Object, alerts: Array, gauges: Array, away: Boolean, chosen: String, words: Object, language: String },
  emits: ["open"],
  data: () => ({ overlay: null, round: 0, failed: {}, tip: null }),
  computed: {
    // Layers of the map that have points; nothing of them while the past is shown.
    on() {
      return this.live ? this.shown : [];
    },
    named() {
      return this.shown.some((layer) => layer !== "indicator");
    },
    // What each mark stands for and how many there are of it, by layer.
    legend() {
      const points = POINTS.filter((kind) => this.on.includes(kind) && this.points[kind]?.version).map((kind) => ({ kind, items: [...this.points[kind].states].map((letter) => ({ letter })) }));
      const others = [["water", this.gauges], ["alerts", this.alerts]].filter(([kind]) => this.on.includes(kind)).map(([kind, items]) => ({ kind, items }));
      return legend([...points, ...others], this.say);
    },
    status() {
      if (!this.live) return this.named ? this.say("past") : "";
      const kinds = POINTS.filter((kind) => this.on.includes(kind));
      if (kinds.some((kind) => this.failed[kind] || this.points[kind]?.away) || this.away) return this.say("away");
      this.round;
      return kinds.some((kind) => !this.located[kind]) ? this.say("loading") : "";
    },
    summary() {
      const told = this.legend.map(({ kind, entries }) => `${this.say(kind)}: ${entries.map(({ n, text }) => `${this.number(n)} ${text}`).join(", ")}`);
      return told.join("; ") || this.say("nothing");
    },
  },
  watch: {
    points: { handler: "load", deep: false },
    shown: "load",
    live: "draw",
    alerts: "draw",
    gauges: "draw",
    chosen: "draw",
    projection: "draw",
  },
  created() {
    this.format = new Intl.NumberFormat(this.language === "vi" ? "vi-VN" : "en-GB");
    this.located = {}; // kind -> points with longitude and latitude, of the version that is drawn
    this.grid = null;
  },
  mounted() {
    this.join();
  },
  unmounted() {
    cancelAnimationFrame(this.waiting);
    cancelAnimationFrame(this.drawing);
    clearTimeout(this.again);
    this.observer?.disconnect();
    this.viewed?.disconnect();
    for (const [name, handler] of this.heard || []) this.box.removeEventListener(name, handler, true);
  },
  methods: {
    say(key) {
      return this.words[key];
    },
    number(n) {
      return this.format.format(n);
    },
    // The map is another element, which may come later than this one.
    join() {
      this.box = this.$el.parentElement?.querySelector(".map-box");
      const overlay = this.box?.querySelector(".map-overlay");
      if (!overlay) return void (this.waiting = requestAnimationFrame(this.join));
      this.overlay = overlay;
      this.heard = [["pointermove", this.point], ["pointerdown", this.point], ["click", this.click], ["pointerleave", this.leave]];
      for (const [name, handler] of this.heard) this.box.addEventListener(name, handler, true);
      this.svg = this.box.querySelector("svg");
      this.observer = new ResizeObserver(() => this.draw());
      this.observer.observe(this.svg);
      this.viewed = new MutationObserver(() => this.draw());
      this.viewed.observe(this.svg, { attributeFilter: ["viewBox"] });
      this.$nextTick(this.load);
    },
    async load() {
      this.draw();
      const kinds = POINTS.filter((kind) => this.shown.includes(kind) && this.points[kind]?.version);
      await Promise.all(kinds.reverse().map((kind) => this.locate(kind, this.points[kind].version)));
    },
    async locate(kind, version) {
      if (this.located[kind]?.version === version) return;
      try {
        const points = await places(kind, version);
        if (points) this.located[kind] = { version, points };
        this.failed[kind] = false;
        this.draw();
      } catch {
        this.failed[kind] = true;
        this.again = setTimeout(this.load, AGAIN_MS);
      }
      this.round++;
    },
    // The points of a kind with their states; none while names and states are of different versions.
    of(kind) {
      const [found, told] = [this.located[kind], this.points[kind]];
      if (!found || found.version !== told?.version || told.states.length !== found.points.length) return [];
      const { states } = told;
      return found.points.map((point, at) => ({ ...point, kind, letter: states[at] }));
    },
    // From units of the drawing to px of the canvas.
    scaled() {
      const [matrix, box] = [this.svg.getScreenCTM(), this.overlay.getBoundingClientRect()];
      return (x, y) => ({ px: matrix.a * x + matrix.e - box.left, py: matrix.d * y + matrix.f - box.top, unit: matrix.a });
    },
    placed(point, to) {
      const { west, north, scale, squeeze, margin } = this.projection;
      return { ...point, ...to(margin + (point.longitude - west) * squeeze * scale, margin + (north - point.latitude) * scale) };
    },
    items(to, compact) {
      const items = { things: [], gateways: [], water: [], alerts: [] };
      POINTS.forEach((kind, at) => {
        if (this.on.includes(kind)) items[kind] = this.of(kind).map((point) => ({ ...this.placed(point, to), layer: 3 - at, reach: kind === "things" ? 6 : 10 }));
      });
      if (this.on.includes("water")) items.water = this.gauges.map((each) => ({ ...each, kind: "water", ...to(...each.at), layer: 1, reach: 15 }));
      if (this.on.includes("alerts")) items.alerts = [...this.gathered().values()].map((alerts) => ({ kind: "alerts", alerts, code: alerts[0].code, ...this.above(alerts[0].at, to, compact), layer: 0, reach: 13 }));
      return items;
    },
    gathered() {
      const found = new Map();
      for (const alert of this.alerts.filter((each) => each.at)) found.set(String(alert.at), [...(found.get(String(alert.at)) || []), alert]);
      return found;
    },
    above([x, y, room], to, compact) {
      const place = to(x, y);
      const least = (LABELLED * this.svg.clientWidth) / this.box.clientWidth; // as city_map.js measures it
      return room * place.unit < least ? place : { ...place, py: place.py - (compact ? ABOVE.compact : ABOVE.wide) };
    },
    // Once in a frame, however much has changed.
    draw() {
      this.drawing ??= requestAnimationFrame(this.redraw);
    },
    redraw() {
      this.drawing = null;
      const canvas = this.$refs.canvas;
      if (!canvas || !this.svg.clientWidth) return;
      const compact = this.box.clientWidth < COMPACT;
      const shrink = compact ? 0.8 : 1;
      const [pen, items] = [begin(canvas), this.items(this.scaled(), compact)];
      for (const kind of POINTS) drawPoints(pen, kind, items[kind], shrink * (items[kind].length > MANY ? 0.75 : 1));
      items.water.forEach((gauge) => drawGauge(pen, gauge, shrink));
      items.alerts.forEach((alert) => drawAlert(pen, alert, shrink));
      const all = Object.values(items).flat();
      ring(pen, all.filter((item) => this.detail(item) === this.chosen), 12, "#ffffff", 5);
      ring(pen, all.filter((item) => this.detail(item) === this.chosen), 12, "#10151b", 2.5);
      this.grid = new Grid(all);
      canvas.dataset.drawn = all.length;
      canvas.dataset.layers = Object.keys(items).filter((kind) => items[kind].length).join(" ");
      this.round++;
    },
    detail: ({ kind, code }) => `${{ things: "thing", water: "thing", gateways: "gateway", alerts: "alert" }[kind]}=${code}`,
    under(event) {
      const box = this.overlay.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left, event.clientY - box.top];
      return { x, y, item: this.grid?.nearest(x, y, event.pointerType === "touch") };
    },
    point(event) {
      const { item } = this.under(event);
      if (!item) return void (this.tip = null);
      event.stopPropagation();
      this.box.dispatchEvent(new PointerEvent("pointerleave", { pointerType: "mouse" }));
      const below = item.py < 110;
      const left = Math.min(Math.max(item.px, 110), this.overlay.clientWidth - 110);
      this.tip = { ...this.told(item), place: { left: `${left}px`, top: `${item.py + (below ? 16 : -16)}px`, transform: `translate(-50%, ${below ? 0 : -100}%)` } };
      clearTimeout(this.timer);
      if (event.pointerType === "touch") this.timer = setTimeout(() => (this.tip = null), TOUCH_MS);
    },
    click(event) {
      const { item } = this.under(event);
      if (!item) return;
      event.stopPropagation();
      this.$emit("open", this.detail(item));
    },
    leave(event) {
      if (event.isTrusted && event.target === this.box && event.pointerType !== "touch") this.tip = null;
    },
    told(item) {
      if (item.kind === "alerts") return this.toldOfAlerts(item.alerts);
      const row = this.row(item);
      return { title: row.name, lines: [row.state, row.note, row.where].filter(Boolean) };
    },
    toldOfAlerts(alerts) {
      const lines = alerts.slice(0, LINES).map((each) => this.row({ ...each, kind: "alerts" })).map(({ name, state, note }) => [name, state, note].filter(Boolean).join(" · "));
      return { title: alerts[0].where, lines: alerts.length > LINES ? [...lines, `+ ${this.number(alerts.length - LINES)}`] : lines };
    },
    // One entry of the list: name, state in words, what is to be known, where; rank: the worst first.
    row(item) {
      const [key, kind] = [this.detail(item), item.kind];
      if (kind === "alerts") {
        const state = item.silenced ? `${item.severityName}, ${this.say("silenced")}` : item.severityName;
        return { key, kind, name: item.name, state, note: item.since, where: item.where, rank: item.silenced ? 4 : 0, mark: SEVERITIES[item.severity] };
      }
      if (kind === "water") return { key, kind, name: item.name, state: `${item.level} · ${item.against}`, note: item.measured, where: "", rank: item.reached ? 0 : 5, mark: waterLook(item) };
      const [style, flagged] = [look(kind, item.letter), isFlagged(item.letter)];
      const state = flagged ? `${this.say(style.word)}, ${this.say("flagged")}` : this.say(style.word);
      const note = item.name === item.code ? this.types[item.type] || "" : [item.code, this.types[item.type]].filter(Boolean).join(" · ");
      return { key, kind, name: item.name, state, note, where: this.areas[item.area] || "", rank: flagged ? Math.min(style.rank, 3) : style.rank, mark: style };
    },
    rows() {
      const found = POINTS.filter((kind) => this.on.includes(kind)).flatMap((kind) => this.of(kind));
      if (this.on.includes("water")) found.push(...this.gauges.map((each) => ({ ...each, kind: "water" })));
      if (this.on.includes("alerts")) found.push(...this.alerts.map((each) => ({ ...each, kind: "alerts" })));
      return found.map((item) => this.row(item)).sort((one, other) => one.rank - other.rank || one.name.localeCompare(other.name, this.language));
    },
  },
};
