// A list of things to tick in groups that open, with a search over all of them.

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/đ/gi, "d").toLowerCase();

export default {
  template: `
    <fieldset class="pick" :class="'pick-' + name">
      <legend>{{ title }} <small v-if="chosen.length">{{ say("chosen", { n: chosen.length }) }}</small></legend>
      <div class="pick-tools">
        <input type="search" class="pick-search" v-model="sought" :placeholder="label" :aria-label="label" :name="'search-' + name" autocomplete="off">
        <button v-if="chosen.length" type="button" class="tool" @click="$emit('change', [])">{{ say("clear") }}</button>
      </div>
      <div class="pick-list" tabindex="0" role="group" :aria-label="title">
        <details v-for="group in shown" :key="group.name" :open="Boolean(sought) || group.opened || null" class="pick-group">
          <summary>{{ group.name }} <small v-if="group.ticked">{{ group.ticked }}</small></summary>
          <label v-for="item in group.items" :key="item.code" class="pick-item" :style="{ paddingLeft: 8 + item.depth * 16 + 'px' }">
            <input type="checkbox" :value="item.code" :checked="ticks.has(item.code)" @change="tick(item.code)">
            <span>{{ item.name }}<small v-if="item.note"> {{ item.note }}</small></span>
          </label>
        </details>
        <p v-if="!shown.length" class="pick-none">{{ say("no_match", { text: sought }) }}</p>
      </div>
    </fieldset>`,
  props: { name: String, title: String, label: String, groups: Array, chosen: Array, say: Function },
  emits: ["change"],
  data: () => ({ sought: "" }),
  computed: {
    ticks() {
      return new Set(this.chosen);
    },
    shown() {
      const wanted = plain(this.sought.trim());
      return this.groups
        .map((group) => {
          const ticked = group.items.filter(({ code }) => this.ticks.has(code)).length;
          const items = group.items.filter(({ code, name }) => plain(`${name} ${code}`).includes(wanted));
          return { ...group, items, ticked, opened: ticked > 0 };
        })
        .filter(({ items }) => items.length);
    },
  },
  methods: {
    tick(code) {
      this.$emit("change", this.ticks.has(code) ? this.chosen.filter((each) => each !== code) : [...this.chosen, code]);
    },
  },
};

// The units of today and the former ones as two trees, each unit under the one that it is part of.
export function trees(rows, texts) {
  const tree = (units) => {
    const codes = new Set(units.map(({ code }) => code));
    const below = new Map();
    for (const unit of units) {
      const parent = codes.has(unit.parent) ? unit.parent : null;
      below.set(parent, [...(below.get(parent) ?? []), unit]);
    }
    const walk = (parent, depth) =>
      (below.get(parent) ?? [])
        .sort((one, other) => texts.name(one).localeCompare(texts.name(other), texts.locale))
        .flatMap((unit) => [{ code: unit.code, name: texts.name(unit), depth, note: note(unit) }, ...walk(unit.code, depth + 1)]);
    return walk(null, 0);
  };
  const note = ({ valid_to: end }) => (end ? texts.say("until", { day: texts.calendar(end, -1) }) : "");
  const present = new Date().toISOString().slice(0, 10);
  const over = ({ valid_to: end }) => end && end <= present;
  return [
    { name: texts.say("former"), items: tree(rows.filter(over)) },
    { name: texts.say("today"), items: tree(rows.filter((row) => !over(row))) },
  ].filter(({ items }) => items.length);
}
