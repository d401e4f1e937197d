// Why a number is what it is: the API's explanation, readable, with the source and clause that it follows.

import { Refusal, properties, read } from "halong-planner/asking.js";

export default {
  template: `
    <dialog class="plan-why" ref="dialog" aria-labelledby="plan-why-title" @close="$emit('close')" @click.self="$refs.dialog.close()">
      <div class="plan-why-body">
        <div class="side-head">
          <h2 id="plan-why-title" tabindex="-1">{{ title }}</h2>
          <button type="button" class="tool" :aria-label="say('close')" :title="say('close')" @click="$refs.dialog.close()"><span aria-hidden="true">✕</span></button>
        </div>
        <p v-if="!found" role="status">{{ wrong ? say("failed", { why: wrong }) : say("loading") }}</p>
        <template v-else>
          <p>{{ texts.language === "vi" ? found.description_vi : found.description }}</p>
          <p v-if="found.equal !== null" class="plan-why-same" :class="{ differs: found.equal === false }">{{ same }}</p>
          <dl class="plan-why-facts">
            <template v-for="[name, text] in facts" :key="name"><dt>{{ name }}</dt><dd>{{ text }}</dd></template>
          </dl>
          <section v-if="lacking.length" class="plan-why-lacking">
            <h3>{{ say("lacking") }}</h3>
            <ul><li v-for="line in lacking" :key="line">{{ line }}</li></ul>
          </section>
          <section v-if="found.stations.length">
            <h3>{{ say("stations") }}</h3>
            <div class="table-box" tabindex="0" role="group" :aria-label="say('stations')"><table class="table">
              <thead><tr><th scope="col">{{ say("station") }}</th><th scope="col" class="right">{{ unit || say("value") }}</th><th scope="col" class="right">{{ say("complete") }}</th><th scope="col">{{ say("used") }}</th></tr></thead>
              <tbody><tr v-for="each in found.stations" :key="each.code">
                <td>{{ each.code }}</td><td class="right">{{ figure(each) }}</td><td class="right">{{ texts.share(each.completeness) }}</td>
                <td><span v-for="input in each.inputs" :key="input.code" class="plan-why-input">{{ named(input.code) }}: {{ used(input) }}</span></td>
              </tr></tbody>
            </table></div>
          </section>
          <section v-if="found.parts.length">
            <h3>{{ say("parts") }}</h3>
            <div class="table-box" tabindex="0" role="group" :aria-label="say('parts')"><table class="table">
              <thead><tr><th scope="col">{{ say("time") }}</th><th scope="col">{{ say("station") }}</th><th scope="col" class="right">{{ unit || say("value") }}</th><th scope="col" class="right">{{ say("complete") }}</th></tr></thead>
              <tbody><tr v-for="each in found.parts" :key="each.station + each.time">
                <td>{{ texts.instant(each.time) }}</td><td>{{ each.station }}</td><td class="right">{{ figure(each) }}</td><td class="right">{{ texts.share(each.completeness) }}</td>
              </tr></tbody>
            </table></div>
          </section>
          <section>
            <h3>{{ say("revisions") }}</h3>
            <ul><li v-for="each in found.revisions" :key="each.revision">{{ say("revision", { n: each.revision, time: texts.instant(each.computed_at), value: figure(each) }) }}</li></ul>
          </section>
          <section v-if="cite"><h3>{{ say("cite") }}</h3><p class="plan-why-cite">{{ cite }}</p></section>
          <p><a class="sheet-link" :href="path">{{ say("json") }}</a></p>
        </template>
      </div>
    </dialog>`,
  // asked: { code, area, areaName, time, step_s, value, unit, as_of }
  props: { asked: Object, texts: Object, unit: String },
  emits: ["close"],
  data: () => ({ found: null, wrong: "", properties: [] }),
  computed: {
    path() {
      const { code, area, time, as_of } = this.asked;
      return `v1/indicators/${encodeURIComponent(code)}/explain?${new URLSearchParams({ area, time, ...(as_of ? { as_of } : {}) })}`;
    },
    title() {
      const { value, areaName, time, step_s } = this.asked;
      return this.say("why", { value: value === null ? this.say("no_value") : this.quantity(value), area: areaName, time: this.texts.step(time, step_s) });
    },
    same() {
      if (this.found.equal !== false) return this.say("equal");
      return this.say("differs", { value: this.figure(this.found.recomputed), why: this.found.why_different });
    },
    facts() {
      const { rule, stored } = this.found;
      const own = (name) => (this.texts.language === "vi" ? rule[`${name}_vi`] : rule[name]);
      return [
        [this.say("source"), [own("document"), rule.year].filter(Boolean).join(", ")],
        [this.say("clause"), own("clause")],
        [this.say("trust"), own("trust")],
        [this.say("rule"), own("area_rule")],
        [this.say("limit"), rule.limit === null ? "" : this.quantity(rule.limit)],
        [this.say("dominant"), stored?.details.dominant ? this.named(stored.details.dominant) : ""],
        [this.say("complete"), stored ? this.say(this.alone ? "complete_alone" : "complete_mean", { share: this.texts.share(stored.completeness) }) : ""],
      ].filter(([, text]) => text);
    },
    // Enough of the step itself, and no value: what lacks lies further back.
    alone() {
      const { stored, rule } = this.found;
      return stored.reason === "insufficient_data" && stored.completeness >= rule.min_completeness;
    },
    lacking() {
      return this.found.stations
        .filter(({ reason }) => reason === "insufficient_data")
        .flatMap(({ code, inputs }) => inputs.filter(({ good, expected }) => good < expected).map((input) => this.lack(code, input)));
    },
    cite() {
      return this.texts.language === "vi" ? this.found.cite_as_vi : this.found.cite_as;
    },
  },
  async mounted() {
    this.$refs.dialog.showModal();
    this.$el.querySelector("h2").focus();
    try {
      [this.found, this.properties] = await Promise.all([read(this.path), properties()]);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.wrong = error.message || this.say("unreachable");
    }
  },
  methods: {
    say(key, places) {
      return this.texts.say(key, places);
    },
    named(code) {
      const row = this.properties.find((each) => each.code === code);
      return row ? this.texts.name(row) : code;
    },
    quantity(value) {
      return `${this.texts.number(value)}${this.unit ? `\u202f${this.unit}` : ""}`;
    },
    figure({ value, reason }) {
      return value === null ? this.texts.why(reason) : this.texts.number(value);
    },
    lack(station, { code, good, expected, start, end }) {
      const { texts } = this;
      const places = { good: texts.number(good), expected: texts.number(expected), from: texts.instant(start), to: texts.instant(end) };
      return this.say("lacking_of", { station, input: this.named(code), ...places });
    },
    used({ good, expected, suspect }) {
      return this.say("used_of", { good: this.texts.number(good), expected: this.texts.number(expected), suspect });
    },
  },
};
