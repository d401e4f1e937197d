// A table whose rows are changed in place: nothing flickers, focus and scroll position stay.

export default {
  template: `
    <div class="table-box" tabindex="0" role="group" :aria-label="label">
      <table class="table" :class="{ choosable }">
        <thead><tr><th v-for="c in columns" :key="c.label" :class="c.kind" scope="col">{{ c.label }}</th></tr></thead>
        <tbody>
          <tr v-for="row in rows" :key="row.key" :data-key="row.key" :class="{ chosen: row.chosen, strong: row.strong }"
              @click="choosable && $emit('choose', row.key)">
            <td v-for="(cell, at) in row.cells" :key="at" :class="[columns[at].kind, { dim: cell.dim }]"
                :data-label="columns[at].label" :title="cell.title || null" :lang="cell.lang || null">
              <i v-if="cell.swatch" class="swatch" :class="{ none: cell.swatch === 'none' }"
                 :style="{ background: cell.swatch === 'none' ? null : cell.swatch }" aria-hidden="true"></i>
              <i v-if="cell.mark" class="mark" :class="cell.mark" role="img" :aria-label="cell.markLabel" :title="cell.markLabel"></i>
              <button v-if="choosable && at === 0" type="button" class="table-choice" :aria-pressed="row.chosen ? 'true' : 'false'"
                      @click.stop="$emit('choose', row.key)">{{ cell.text }}</button>
              <code v-else-if="cell.code">{{ cell.text }}</code>
              <span v-else class="figure">{{ cell.text }}</span>
              <small v-if="cell.note">{{ cell.note }}</small>
              <button v-for="act in cell.acts || []" :key="act.name" type="button" class="table-act" :class="act.kind"
                      :aria-label="act.label" :title="act.label" @click.stop="press(row, act)">{{ act.text }}</button>
            </td>
          </tr>
        </tbody>
      </table>
      <p v-if="!rows.length" class="table-empty">{{ empty }}</p>
      <dialog v-if="asked" ref="asking" class="table-asking" aria-labelledby="table-asking" @close="answered">
        <p id="table-asking">{{ asked.ask.text }}</p>
        <form method="dialog">
          <button class="table-act" value="no" autofocus>{{ asked.ask.no }}</button>
          <button class="table-act accept" value="yes">{{ asked.ask.yes }}</button>
        </form>
      </dialog>
    </div>`,
  props: { columns: Array, rows: Array, label: String, empty: String, choosable: Boolean },
  emits: ["choose", "act"],
  data: () => ({ asked: null }),
  methods: {
    // What cannot be taken back is asked for; Escape means no. Where the row goes, the focus stays in the table.
    press(row, act) {
      const told = { key: row.key, act: act.name };
      if (!act.ask) return this.$emit("act", told);
      this.asked = { ...told, ask: act.ask };
      this.$nextTick(() => this.$refs.asking.showModal());
    },
    answered() {
      if (this.$refs.asking.returnValue === "yes") {
        this.$emit("act", this.asked);
        this.$el.focus();
      }
      this.asked = null;
    },
  },
};
