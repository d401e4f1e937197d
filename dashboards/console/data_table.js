// A table whose rows are changed in place: nothing flickers, focus and scroll position stay.

export default {
  template: `
    <div class="table-box" tabindex="0" role="group" :aria-label="label">
      <table class="table" :class="{ choosable }">
        <thead><tr><th v-for="c in columns" :key="c.label" :class="c.kind" scope="col">{{ c.label }}</th></tr></thead>
        <tbody>
          <tr v-for="row in rows.slice(0, most)" :key="row.key" :data-key="row.key" :class="{ chosen: row.chosen, strong: row.strong }"
              @click="choosable && $emit('choose', row.key)">
            <td v-for="(cell, at) in row.cells" :key="at" :class="[columns[at].kind, { dim: cell.dim }]"
                :data-label="columns[at].label" :title="cell.title || null" :lang="cell.lang || null">
              <i v-if="cell.swatch" class="swatch" :class="{ none: cell.swatch === 'none' }"
                 :style="{ background: cell.swatch === 'none' ? null : cell.swatch }" aria-hidden="true"></i>
              <i v-if="cell.mark" class="mark" :class="cell.mark" role="img" :aria-label="cell.markLabel" :title="cell.markLabel"></i>
              <button v-if="choosable && at === 0" type="button" class="table-choice" :aria-label="cell.label || null" :aria-pressed="row.chosen ? 'true' : 'false'"
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
      <p v-if="more && rows.length && total > most" class="table-more">{{ more.replace("{n}", total - most) }}</p>
      <p v-if="hidden" class="table-below" aria-hidden="true">↓ {{ below.replace("{n}", hidden) }}</p>
      <dialog v-if="asked" ref="asking" class="table-asking" aria-labelledby="table-asking" @close="answered">
        <p id="table-asking">{{ asked.ask.text }}</p>
        <form method="dialog">
          <button class="table-act" value="no" autofocus>{{ asked.ask.no }}</button>
          <button class="table-act accept" value="yes">{{ asked.ask.yes }}</button>
        </form>
      </dialog>
    </div>`,
  props: { columns: Array, rows: Array, label: String, empty: String, choosable: Boolean, more: String, below: String, total: Number },
  emits: ["choose", "act"],
  data: () => ({ asked: null, most: Infinity, hidden: 0 }),
  watch: {
    rows() {
      this.$nextTick(this.look);
    },
  },
  mounted() {
    if (!this.more && !this.below) return;
    this.watching = new ResizeObserver(() => this.look());
    this.watching.observe(this.$el);
    if (this.below) this.$el.addEventListener("scroll", this.look, { passive: true });
  },
  unmounted() {
    this.watching?.disconnect();
  },
  methods: {
    look() {
      if (this.more) this.fit();
      else if (this.below) this.hidden = this.ends().filter((end) => end > this.$el.getBoundingClientRect().bottom + 1).length;
    },
    ends() {
      return [...this.$el.querySelectorAll("tbody tr")].map((row) => row.getBoundingClientRect().bottom);
    },
    // One after the other: each looks at all rows first.
    fit() {
      this.fitting = (this.fitting ?? Promise.resolve()).then(this.measure);
    },
    // As many rows as the box has room for, above the line that counts the others.
    async measure() {
      this.most = Infinity;
      await this.$nextTick();
      const { bottom } = this.$el.getBoundingClientRect();
      const ends = this.ends();
      if (!this.$el.clientHeight || (ends.every((end) => end <= bottom) && ends.length >= this.total)) return;
      this.most = 0;
      await this.$nextTick();
      const line = this.$el.querySelector(".table-more")?.offsetHeight ?? 0;
      this.most = ends.filter((end) => end <= bottom - line).length;
    },
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
