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
                      :aria-label="act.label" :title="act.label" @click.stop="$emit('act', { key: row.key, act: act.name })">{{ act.text }}</button>
            </td>
          </tr>
        </tbody>
      </table>
      <p v-if="!rows.length" class="table-empty">{{ empty }}</p>
    </div>`,
  props: { columns: Array, rows: Array, label: String, empty: String, choosable: Boolean },
  emits: ["choose", "act"],
};
