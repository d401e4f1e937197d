// The last seven days of the map, step by step: by hand, by keys, or playing.

const FRAME_MS = 700;
const SLIDE_MS = 150; // between steps that are told while somebody goes on
const SETTLE_MS = 300; // without another step: somebody stopped
const PATIENCE_MS = 10_000; // for the server to show where that was

export default {
  template: `
    <div class="past" :class="{ live: at === null }" role="group" :aria-label="words.slider">
      <button type="button" class="tool past-play" :aria-label="playing ? words.pause : words.play" :title="playing ? words.pause : words.play" @click="toggle"><span aria-hidden="true">{{ playing ? "❚❚" : "▶" }}</span></button>
      <input class="past-range" type="range" min="0" :max="steps.length" step="1" :value="place" :aria-label="words.slider" :aria-valuetext="told" @input="slide(Number($event.target.value))" @change="settle">
      <p class="past-told" role="status">{{ told }}<template v-if="note"> · {{ note }}</template></p>
      <button v-if="at !== null" type="button" class="tool past-live" @click="live">{{ words.to_live }}</button>
    </div>`,
  // steps: starts, ms, oldest first; at: the one that is shown, null: what is measured now
  props: { steps: Array, at: Number, length: Number, note: String, words: Object, language: String, zone: String },
  emits: ["slide", "settle"],
  data: () => ({ playing: false, moved: null }),
  computed: {
    place() {
      if (this.moved !== null) return this.moved;
      const found = this.at === null ? -1 : this.steps.indexOf(this.at);
      return found < 0 ? this.steps.length : found;
    },
    told() {
      if (this.place >= this.steps.length) return this.words.live;
      const [start, end] = [this.steps[this.place], this.steps[this.place] + this.length];
      const clock = { hour: "2-digit", minute: "2-digit" };
      const day = { day: "2-digit", month: "2-digit" };
      const locale = this.language === "vi" ? "vi-VN" : "en-GB";
      const format = (moment, form, tag = locale) => new Intl.DateTimeFormat(tag, { ...form, timeZone: this.zone }).format(moment).replace("-", "/");
      const hours = this.length < 86_400_000 ? `${format(start, clock, "en-GB")}–${format(end, clock, "en-GB")} ` : "";
      return this.words.not_live.replace("{time}", hours + format(start, day));
    },
  },
  watch: {
    // Answers to steps before are passed over: the place is the person's until the server has come to it.
    at() {
      if (this.settled && this.at === this.start(this.moved)) this.arrive();
    },
  },
  unmounted() {
    [this.timer, this.sliding, this.settling, this.waiting].forEach(clearTimeout);
  },
  methods: {
    start(place) {
      return this.steps[place] ?? null;
    },
    slide(place) {
      this.moved = place;
      this.settled = false;
      clearTimeout(this.settling);
      this.show();
    },
    show() {
      if (this.sliding) return;
      const shown = this.moved;
      this.$emit("slide", this.start(shown));
      this.sliding = setTimeout(() => {
        this.sliding = null;
        if (this.moved !== null && this.moved !== shown && !this.settled) this.show();
      }, SLIDE_MS);
    },
    // The address follows when somebody stops, so that Back leads over what was looked at and not over each frame.
    settle() {
      this.stop();
      clearTimeout(this.settling);
      this.settling = setTimeout(this.tell, SETTLE_MS);
    },
    tell() {
      const start = this.start(this.place);
      this.settled = true;
      this.$emit("settle", start);
      if (start === this.at) return this.arrive();
      clearTimeout(this.waiting);
      this.waiting = setTimeout(this.arrive, PATIENCE_MS);
    },
    arrive() {
      clearTimeout(this.waiting);
      if (this.settled) this.moved = null;
    },
    toggle() {
      if (this.playing) return this.settle();
      this.playing = true;
      if (this.place >= this.steps.length) this.slide(0);
      this.timer = setInterval(this.next, FRAME_MS);
    },
    next() {
      this.slide(this.place + 1);
      if (this.place >= this.steps.length) this.settle();
    },
    stop() {
      clearInterval(this.timer);
      this.playing = false;
    },
    live() {
      this.stop();
      this.slide(this.steps.length);
      this.settle();
    },
  },
};
