// The planner's corner: indicators, areas and a period are chosen, and read by the browser itself from the API.

import { FORMATS, OTHERS, PERIODS, Refusal, days, file, result, today, units } from "halong-planner/asking.js";
import explanation from "halong-planner/explanation.js";
import picker, { trees } from "halong-planner/picker.js";
import outcome from "halong-planner/result.js";
import { Texts } from "halong-planner/texts.js";

const codes = (text) => (text ? text.split(",").filter(Boolean) : []);
const WIDE = 900; // px: a narrower page shows the choice folded
const SETTLED_MS = 400; // so long after the last tick the choice is read

export default {
  components: { picker, outcome, explanation },
  template: `
    <div class="plan">
      <details class="panel plan-choice" :open="wide || null" ref="choice">
        <summary class="panel-head"><h2>{{ say("choice") }}</h2><p class="panel-sub">{{ told }}</p></summary>
        <form class="plan-form" @submit.prevent>
          <fieldset class="plan-period">
            <legend>{{ say("period") }}</legend>
            <div class="plan-quick">
              <button v-for="name in periods" :key="name" type="button" class="tool" :aria-pressed="name === quick ? 'true' : 'false'" @click="turn({ period: name, from: '', to: '', as_of: '' })">{{ say(name) }}</button>
            </div>
            <div class="plan-days">
              <label>{{ say("from") }} <input type="date" name="from" :value="from" :max="to" @change="span($event.target.value, to)"></label>
              <label>{{ say("to") }} <input type="date" name="to" :value="to" :min="from" @change="span(from, $event.target.value)"></label>
              <label>{{ say("with") }} <select class="select" name="with" :value="other" @change="turn({ with: $event.target.value })"><option v-for="name in others" :key="name" :value="name">{{ say("with_" + name) }}</option></select></label>
            </div>
          </fieldset>
          <picker name="indicators" :title="say('indicators')" :label="say('search_indicators')" :groups="indicators" :chosen="chosen.indicators" :say="say" @change="turn({ indicators: $event.join(',') })" />
          <picker name="areas" :title="say('areas')" :label="say('search_areas')" :groups="areaGroups" :chosen="chosen.areas" :say="say" @change="turn({ areas: $event.join(',') })" />
        </form>
      </details>
      <div class="plan-results" :aria-busy="state === 'loading' ? 'true' : 'false'">
        <section class="panel plan-head" aria-labelledby="plan-results">
          <div class="panel-head">
            <h2 id="plan-results">{{ say("results") }}: {{ told }}</h2>
            <button type="button" class="tool" :title="say('link_about')" @click="copy">{{ copied ? say("copied") : say("link") }}</button>
          </div>
          <p v-if="asked.as_of" class="plan-note plan-as-of">{{ say("as_of", { time: asOf }) }} <button type="button" class="tool" @click="turn({ as_of: '' })">{{ say("as_today") }}</button></p>
          <p class="plan-note" role="status">
            <span v-if="state === 'nothing'">{{ say("nothing_chosen") }}</span>
            <span v-else-if="state === 'turned'">{{ say("turned") }}</span>
            <span v-else-if="state === 'loading'">{{ say("loading") }}</span>
            <span v-else-if="state === 'failed'">{{ say("failed", { why: wrong }) }} <button type="button" class="tool" @click="load">{{ say("retry") }}</button></span>
            <span v-if="unknown.length"> {{ say("unknown", { codes: unknown.join(", ") }) }}</span>
          </p>
          <nav v-if="ready" class="plan-files" :aria-label="say('download')">{{ say("download") }}:
            <a v-for="each in files" :key="each.name" class="plan-file" :href="each.href" :download="each.save">{{ each.name }}</a>
          </nav>
        </section>
        <outcome v-for="each in results" :key="each.code" :result="each" :unit="units[each.code]" :names="areaNames" :compares="other !== 'none'" :texts="texts" @explain="explain" />
      </div>
      <explanation v-if="why" :asked="why" :unit="units[why.code]" :texts="texts" @close="closed" />
    </div>`,
  // asked: the view's part of the address; first: { indicators, areas } where that says nothing; indicators: [{ name, items }]
  props: { asked: Object, first: Object, indicators: Array, units: Object, words: Object, language: String, zone: String },
  emits: ["turn"],
  data: () => ({ rows: null, results: [], state: "loading", wrong: "", why: null, copied: false, periods: PERIODS, others: OTHERS, wide: window.innerWidth >= WIDE }),
  computed: {
    texts() {
      return new Texts(this.words, this.language, this.zone);
    },
    wanted() {
      const read = (name) => codes(this.asked[name] ?? this.first[name]);
      return { indicators: read("indicators"), areas: read("areas") };
    },
    known() {
      const indicators = new Set(this.indicators.flatMap(({ items }) => items.map(({ code }) => code)));
      return { indicators, areas: new Set((this.rows ?? []).map(({ code }) => code)) };
    },
    chosen() {
      const kept = (name) => this.wanted[name].filter((code) => this.known[name].has(code));
      return { indicators: kept("indicators"), areas: kept("areas") };
    },
    unknown() {
      return this.rows === null ? [] : ["indicators", "areas"].flatMap((name) => this.wanted[name].filter((code) => !this.known[name].has(code)));
    },
    other() {
      return OTHERS.includes(this.asked.with) ? this.asked.with : "previous";
    },
    from() {
      return this.days[0];
    },
    to() {
      return this.days[1];
    },
    quick() {
      if (this.asked.from && this.asked.to) return null;
      return PERIODS.includes(this.asked.period) ? this.asked.period : PERIODS[0];
    },
    days() {
      return this.quick ? days(this.quick, today(this.zone)) : [this.asked.from, this.asked.to];
    },
    // What is no time is shown as it is: the API says what is wrong with it.
    asOf() {
      return Number.isNaN(Date.parse(this.asked.as_of)) ? this.asked.as_of : this.texts.instant(this.asked.as_of);
    },
    choice() {
      return { ...this.chosen, from: this.from, to: this.to, with: this.other, as_of: this.asked.as_of };
    },
    told() {
      return this.days.map((day) => this.texts.calendar(day)).join(" – ");
    },
    ready() {
      return this.state === "ready";
    },
    files() {
      return FORMATS.map((format) => ({ name: format.toUpperCase(), save: format === "json" ? null : "", href: file(this.choice, format, this.language) }));
    },
    answered() {
      return this.results.map(({ whole }) => whole.answered).sort()[0] ?? "";
    },
    areaGroups() {
      return this.rows ? trees(this.rows, this.texts) : [];
    },
    areaNames() {
      return Object.fromEntries((this.rows ?? []).map((row) => [row.code, this.texts.name(row)]));
    },
    question() {
      return JSON.stringify([this.wanted, this.from, this.to, this.other, this.asked.as_of]);
    },
  },
  watch: {
    question() {
      clearTimeout(this.timer);
      this.timer = setTimeout(this.load, SETTLED_MS);
    },
  },
  mounted() {
    this.load();
  },
  unmounted() {
    clearTimeout(this.timer);
    this.reading?.abort();
  },
  methods: {
    say(key, places) {
      return this.texts.say(key, places);
    },
    turn(changed) {
      const frozen = { indicators: this.wanted.indicators.join(","), areas: this.wanted.areas.join(",") };
      this.$emit("turn", { ...frozen, ...this.asked, ...changed });
    },
    span(from, to) {
      this.turn({ period: "", from, to });
    },
    async load() {
      this.reading?.abort();
      const reading = (this.reading = new AbortController());
      this.state = "loading";
      try {
        this.rows ??= await units(reading.signal);
        const { choice } = this;
        if (!choice.indicators.length || !choice.areas.length) return this.settle("nothing");
        if (choice.from > choice.to) return this.settle("turned");
        const found = await Promise.all(choice.indicators.map((code) => result(code, choice, reading.signal)));
        if (reading === this.reading) this.settle("ready", found);
      } catch (error) {
        if (error.name === "AbortError" || reading !== this.reading) return;
        if (!(error instanceof Refusal)) throw error;
        this.wrong = error.message || this.say("unreachable");
        this.settle("failed");
      }
    },
    settle(state, results = []) {
      [this.state, this.results] = [state, results];
    },
    // The same period by its days, and the figures as they were known when the server answered.
    async copy() {
      const { origin, pathname } = window.location;
      const chosen = { indicators: this.chosen.indicators.join(","), areas: this.chosen.areas.join(","), from: this.from, to: this.to, with: this.other };
      const lasting = new URLSearchParams({ view: "planner", ...chosen, as_of: this.asked.as_of || this.answered, lang: this.language });
      await copyText(`${origin}${pathname}?${lasting}`);
      this.copied = true;
      setTimeout(() => (this.copied = false), 3000);
    },
    explain(cell) {
      this.opener = document.activeElement;
      this.why = { ...cell, as_of: this.asked.as_of };
    },
    closed() {
      this.why = null;
      this.opener?.focus();
    },
  },
};

// Without https to another machine there is no clipboard but that of the selection.
async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.body.appendChild(Object.assign(document.createElement("textarea"), { value: text }));
  area.select();
  document.execCommand("copy");
  area.remove();
}
