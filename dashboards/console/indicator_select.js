// The list of indicators; it shows the one that the page shows.

export default {
  template: `
    <select class="select" name="indicator" :aria-label="label" :value="chosen" @change="$emit('choose', $event.target.value)">
      <optgroup v-for="[name, indicators] in domains" :key="name" :label="name">
        <option v-for="[code, title] in indicators" :key="code" :value="code">{{ title }}</option>
      </optgroup>
    </select>`,
  // domains: [name, [[code, title], …]] in order
  props: { domains: Array, label: String, chosen: String },
  emits: ["choose"],
};
