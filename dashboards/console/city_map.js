// The map: one field an area; names and values appear on pointing and on focus. What else lies on it is drawn by map_layers.js.

import { toRaw } from "vue";
import { settle } from "halong-map/labels.js";

const NARROW = 480; // px: a map narrower than this shows values without names
const TOUCH_MS = 3000; // how long a tooltip stays after a tap
const ROOM = 1.25; // of what is shown to the area that is looked at
const CLOSEST = 40; // units of the drawing: as narrow as what is shown gets

// What of the drawing shows the path of an area as large as it fits, as wide to its height as asked.
function around(path, ratio) {
  const numbers = path.match(/[-\d.]+/g).map(Number);
  const [xs, ys] = [0, 1].map((odd) => numbers.filter((_, at) => at % 2 === odd));
  const [west, east, north, south] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const width = Math.max((east - west) * ROOM, (south - north) * ROOM * ratio, CLOSEST);
  return { x: (west + east - width) / 2, y: (north + south - width / ratio) / 2, width, height: width / ratio };
}

export default {
  template: `
    <div class="map-box" :class="{ compact, near: view.near }" ref="box" @pointerleave="$event.pointerType !== 'touch' && (tip = null)">
      <svg class="map-svg" :viewBox="view.box" role="group" :aria-label="label">
        <defs>
          <pattern id="no-value" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"
                   :style="{ transform: 'rotate(45deg) scale(' + 1 / (scale || 1) + ')' }">
            <rect width="7" height="7" class="map-hatch-ground" /><rect width="2.2" height="7" class="map-hatch-line" />
          </pattern>
        </defs>
        <path v-for="f in fields" :key="f.code" class="map-field" :class="{ chosen: f.chosen }" :d="f.path"
              :data-area="f.code" :style="{ fill: f.fill || 'url(#no-value)' }" role="button" tabindex="0"
              :aria-pressed="f.chosen ? 'true' : 'false'" :aria-label="[f.title, ...f.lines].join(', ')"
              @click="$emit('choose', f.code)" @keydown.enter.prevent="$emit('choose', f.code)"
              @keydown.space.prevent="$emit('choose', f.code)" @pointermove="point(f, $event)"
              @pointerdown="point(f, $event)" @focus="focus(f, $event)" @blur="tip = null" />
      </svg>
      <div class="map-overlay"></div>
      <svg class="map-svg map-labels" :viewBox="view.box" aria-hidden="true">
        <path v-if="chosen" class="map-chosen ring" :d="chosen.path" />
        <path v-if="chosen" class="map-chosen" :d="chosen.path" />
        <g v-for="t in texts" :key="t.code" class="map-text"
           :style="{ '--ink': t.ink || 'var(--text)', '--dark-ink': t.darkInk || 'var(--text)', '--halo': t.fill || 'var(--panel)' }"
           :transform="'translate(' + t.x + ',' + t.y + ') scale(' + 1 / scale + ')'">
          <text v-if="t.named" y="-3" class="map-name">{{ t.name }}</text>
          <text :y="t.named ? 12 : 5" class="map-value">{{ t.text }}</text>
        </g>
      </svg>
      <div v-if="tip" class="map-tip" :style="place" aria-hidden="true">
        <b>{{ tip.title }}</b><span v-for="line in tip.lines" :key="line">{{ line }}</span>
      </div>
    </div>`,
  // marks: [x, y, kind] of what labels make way for: see labels.js
  // near: the chosen area fills the map, where one is chosen
  props: { fields: Array, marks: Array, width: Number, height: Number, near: Boolean, label: String },
  emits: ["choose"],
  data: () => ({ scale: 0, key: null, place: {}, compact: false }),
  computed: {
    chosen() {
      return this.fields.find((f) => f.chosen);
    },
    // What of the drawing is shown: all of it, or the chosen area with some of what lies around it.
    view() {
      const all = { x: 0, y: 0, width: this.width, height: this.height, near: false };
      const shown = this.near && this.chosen ? { ...around(this.chosen.path, this.width / this.height), near: true } : all;
      return { ...shown, box: `${shown.x} ${shown.y} ${shown.width} ${shown.height}` };
    },
    texts() {
      if (!this.scale) return []; // not measured yet
      const marks = toRaw(this.marks); // Vue's proxies of hundreds of marks cost seconds
      return this.fields.map((field) => ({ ...field, ...settle(field, marks, this.scale, this.compact) }));
    },
    tip: {
      // Looked up again at each update, so that an open tooltip shows the newest value.
      get() {
        return this.key && this.fields.find((each) => each.code === this.key);
      },
      set() {
        this.key = null;
      },
    },
  },
  watch: { view: "measure" },
  mounted() {
    this.observer = new ResizeObserver(this.measure);
    this.observer.observe(this.$refs.box);
    this.measure();
  },
  unmounted() {
    this.observer.disconnect();
  },
  methods: {
    measure() {
      const { clientWidth: w, clientHeight: h } = this.$refs.box;
      this.compact = w < NARROW;
      this.scale = Math.max(Math.min(w / this.view.width, h / this.view.height), 0.05);
    },
    show(each, x, y) {
      const box = this.$refs.box;
      this.key = each.code;
      const left = Math.min(Math.max(x, 110), box.clientWidth - 110);
      const below = y < 96;
      this.place = { left: left + "px", top: y + (below ? 16 : -14) + "px", transform: `translate(-50%, ${below ? 0 : -100}%)` };
    },
    point(each, event) {
      const box = this.$refs.box.getBoundingClientRect();
      this.show(each, event.clientX - box.left, event.clientY - box.top);
      clearTimeout(this.timer);
      if (event.pointerType === "touch") this.timer = setTimeout(() => (this.tip = null), TOUCH_MS);
    },
    focus(field, event) {
      if (!event.target.matches(":focus-visible")) return;
      const svg = this.$el.querySelector("svg").getBoundingClientRect();
      const box = this.$refs.box.getBoundingClientRect();
      const left = svg.left - box.left + (svg.width - this.view.width * this.scale) / 2;
      this.show(field, left + (field.x - this.view.x) * this.scale, svg.top - box.top + (field.y - this.view.y) * this.scale - 12);
    },
  },
};
