// What was found of one indicator: the whole period beside the compared one, a chart, and each step as a number to press.

import chart, { look } from "halong-planner/chart.js";

const ROWS = 48;

export default {
  components: { chart },
  template: `
    <section class="panel plan-result" :aria-labelledby="'plan-' + result.code" :data-indicator="result.code">
      <div class="panel-head"><h2 :id="'plan-' + result.code">{{ name }}</h2><p class="panel-sub">{{ unit }}</p></div>
      <p v-for="line in stands" :key="line" class="plan-note">{{ line }}</p>
      <p v-if="empty" class="plan-note plan-empty">{{ say("empty") }}</p>
      <template v-else>
        <chart :lines="lines" :span="span" :step="step * 1000" :label="say('chart', { indicator: name })" :texts="texts" />
        <ul class="legend plan-legend">
          <li v-for="line in lines" :key="line.code"><svg width="26" height="8" aria-hidden="true"><line x1="1" x2="25" y1="4" y2="4" stroke-width="2.5" :stroke-dasharray="line.dash" :style="{ stroke: line.stroke }" /></svg> {{ line.name }}</li>
          <li v-if="dashed" class="legend-unit">{{ say("dashed") }}</li>
        </ul>
      </template>
      <h3>{{ say("summary") }}</h3>
      <div class="table-box" tabindex="0" role="group" :aria-label="name + ': ' + say('summary')"><table class="table plan-summary">
        <thead><tr>
          <th scope="col">{{ say("area") }}</th><th scope="col" class="right">{{ say("this_period") }}</th>
          <template v-if="compares"><th scope="col" class="right">{{ say("other_period") }}</th><th scope="col" class="right">{{ say("difference") }}</th></template>
          <th scope="col" class="right">{{ say("complete") }}</th>
        </tr></thead>
        <tbody><tr v-for="item in result.whole.items" :key="item.code" :data-area="item.code">
          <td>{{ texts.name(item) }}</td>
          <td class="right" :data-label="say('this_period')">{{ total(item.current) }}</td>
          <template v-if="compares"><td class="right" :data-label="say('other_period')">{{ total(item.previous) }}</td><td class="right" :data-label="say('difference')">{{ apart(item) }}</td></template>
          <td class="right" :data-label="say('complete')">{{ texts.share(item.current.completeness) }}<small>{{ say("steps", { n: item.current.steps, of: item.current.steps_expected }) }}</small></td>
        </tr></tbody>
      </table></div>
      <p v-if="instead" class="plan-note plan-instead">{{ instead }}</p>
      <template v-if="!empty">
        <h3>{{ say("values") }}</h3>
        <p v-if="gaps" class="plan-note plan-gaps">{{ say("gaps") }}</p>
        <p v-if="result.current.more" class="plan-note plan-more">{{ say("more", { n: texts.number(result.current.rows.length) }) }}</p>
        <div class="table-box plan-values" tabindex="0" role="group" :aria-label="name + ': ' + say('values')"><table class="table">
          <thead><tr><th scope="col">{{ say("time") }}</th><th v-for="line in lines" :key="line.code" scope="col" class="right">{{ line.name }}</th></tr></thead>
          <tbody><tr v-for="row in rows" :key="row.time">
            <th scope="row">{{ texts.step(row.time, step) }}</th>
            <td v-for="(cell, at) in row.cells" :key="at" class="right">
              <button v-if="cell" type="button" class="plan-number" :class="{ partial: cell.completeness < 1 }" :title="say('explained')"
                      :data-area="cell.area" :data-time="cell.time" @click="$emit('explain', asked(cell, lines[at]))">{{ cell.value === null ? texts.why(cell.reason) : texts.number(cell.value, decimals) }}<small v-if="cell.completeness < 1">{{ texts.share(cell.completeness) }}</small></button>
              <span v-else class="dim">–</span>
            </td>
          </tr></tbody>
        </table></div>
        <button v-if="left > 0" type="button" class="tool plan-further" @click="shown += size">{{ say("next_rows", { n: Math.min(left, size), left }) }}</button>
      </template>
    </section>`,
  // result: of asking.js; unit: as it is printed; compares: whether another period stands beside
  props: { result: Object, unit: String, compares: Boolean, texts: Object },
  emits: ["explain"],
  data: () => ({ shown: ROWS, size: ROWS }),
  computed: {
    declared() {
      return this.result.whole.indicator;
    },
    name() {
      return this.texts.name(this.declared);
    },
    step() {
      return this.declared.step_s;
    },
    empty() {
      return !this.result.current.rows.length;
    },
    span() {
      const { from, to } = this.result.whole.period;
      return [Date.parse(from), Date.parse(to)];
    },
    stands() {
      const { derived_from } = this.result.whole;
      return derived_from.flatMap(({ derived_from: sources, area }) =>
        sources.map((source) => this.say("stands_for", { area: this.texts.name(source), units: this.$attrs.names?.[area] ?? area })),
      );
    },
    lines() {
      const shift = this.span[0] - Date.parse(this.result.whole.compared_with.from);
      const rows = ({ rows: found } = { rows: [] }, code, by = 0) =>
        found.filter(({ area }) => area === code).map((row) => ({ ...row, ms: Date.parse(row.time) + by }));
      return this.result.current.areas.map((area, at) => ({
        code: area.code,
        name: this.texts.name(area),
        ...look(at),
        rows: rows(this.result.current, area.code),
        before: rows(this.result.before ?? undefined, area.code, shift),
      }));
    },
    // What has a value of longer steps, or what else can be done, where a period has none.
    instead() {
      const { kind, instead } = this.result.whole.method;
      if (kind === "stored" || kind === "combined") return "";
      const names = instead.map((each) => `${this.texts.name(each)} (${each.code})`);
      return names.length ? this.say("instead", { names: names.join("; ") }) : this.say("instead_none");
    },
    dashed() {
      return this.lines.some(({ before }) => before.some(({ value }) => value !== null));
    },
    decimals() {
      return this.texts.decimals(this.result.current.rows.map(({ value }) => value));
    },
    gaps() {
      return this.result.current.rows.some(({ reason }) => reason === "insufficient_data");
    },
    byTime() {
      const found = new Map();
      this.lines.forEach(({ rows }, at) => {
        for (const row of rows) {
          if (!found.has(row.time)) found.set(row.time, { time: row.time, ms: row.ms, cells: Array(this.lines.length).fill(null) });
          found.get(row.time).cells[at] = row;
        }
      });
      return [...found.values()].sort((one, other) => other.ms - one.ms);
    },
    rows() {
      return this.byTime.slice(0, this.shown);
    },
    left() {
      return this.byTime.length - this.shown;
    },
  },
  methods: {
    say(key, places) {
      return this.texts.say(key, places);
    },
    // Of an index, which is never averaged, the steps by class.
    total({ value, reason, steps, classes }) {
      if (value !== null) return this.texts.number(value);
      const named = Object.entries(classes).map(([code, n]) => `${n}\u202f×\u202f${this.category(code)}`);
      return named.join(", ") || (steps ? this.texts.why(reason) : this.say("no_value"));
    },
    apart({ previous, difference, relative_difference: relative, classes }) {
      if (difference !== null) return this.texts.signed(difference) + (relative === null ? "" : ` (${relative > 0 ? "+" : ""}${this.texts.number(Math.round(relative * 1000) / 10)}\u202f%)`);
      if (!previous.steps) return "–";
      const named = Object.entries(classes).filter(([, n]) => n).map(([code, n]) => `${this.texts.signed(n)}\u202f×\u202f${this.category(code)}`);
      return named.join(", ") || "–";
    },
    category(code) {
      const found = this.declared.categories.find((each) => each.code === code);
      return found ? this.texts.name(found) : code;
    },
    asked(cell, line) {
      return { code: this.result.code, area: cell.area, areaName: line.name, time: cell.time, step_s: this.step, value: cell.value };
    },
  },
};
