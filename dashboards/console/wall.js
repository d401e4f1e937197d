// The wall: one board after the other, a clock, and how old the data are; it goes on while the server is away.

const SECOND_MS = 1000;
const OLD_S = 300;
const VERY_OLD_S = 900;

export default {
  template: `
    <div class="wall" :data-at="at" :data-age="state">
      <header class="wall-head">
        <h1 class="wall-city">{{ city }}</h1>
        <p class="wall-age"><i class="wall-mark" aria-hidden="true"></i>{{ age }}</p>
        <p class="wall-clock"><b>{{ clock }}</b> <span>{{ day }}</span></p>
      </header>
      <slot></slot>
      <ol class="wall-places" aria-hidden="true"><li v-for="n in boards" :key="n" :class="{ on: n - 1 === at }"></li></ol>
    </div>`,
  // newest, sent: when the newest observation was made and when that was told, ms; boards: how many there are
  props: { every: Number, boards: Number, city: String, newest: Number, sent: Number, language: String, zone: String, words: Object },
  data: () => ({ now: Date.now(), turned: 0, ahead: 0 }),
  computed: {
    at() {
      return this.boards ? this.turned % this.boards : 0;
    },
    // by the server's clock, however this machine's is set
    present() {
      return this.now + this.ahead;
    },
    seconds() {
      return this.newest === null ? null : Math.max(0, Math.round((this.present - this.newest) / SECOND_MS));
    },
    state() {
      if (this.seconds === null || this.seconds > VERY_OLD_S) return "very-old";
      return this.seconds > OLD_S ? "old" : "fresh";
    },
    age() {
      if (this.seconds === null) return this.words.age_none;
      const [name, size] = [["days", 172_800], ["hours", 5400], ["minutes", 90]].find(([, from]) => this.seconds >= from) ?? ["seconds"];
      const length = { days: 86_400, hours: 3600, minutes: 60, seconds: 1 }[name];
      return this.words.age.replace("{age}", this.words[name].replace("{n}", Math.round(this.seconds / length)));
    },
    clock() {
      return this.format("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
    },
    day() {
      return this.format(this.language === "vi" ? "vi-VN" : "en-GB", { weekday: "long", day: "numeric", month: "long" });
    },
  },
  watch: {
    sent: { immediate: true, handler(sent) { if (sent) this.ahead = sent - Date.now(); } },
  },
  mounted() {
    this.ticking = setInterval(() => (this.now = Date.now()), SECOND_MS);
    if (this.every) this.turning = setInterval(() => (this.turned += 1), this.every * SECOND_MS);
  },
  unmounted() {
    clearInterval(this.ticking);
    clearInterval(this.turning);
  },
  methods: {
    format(locale, form) {
      return new Intl.DateTimeFormat(locale, { ...form, timeZone: this.zone }).format(new Date(this.present));
    },
  },
};
