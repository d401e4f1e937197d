// What lies on the map as a table, for who does not point: searched, and cut to what fits on a page.

import markOf from "halong-map/mark.js";

const MOST = 100; // rows
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/đ/gi, "d").toLowerCase();

export default {
  components: { markOf },
  template: `
    <details class="layers-list" @toggle="opened = $event.target.open">
      <summary>{{ say("list") }}</summary>
      <template v-if="opened">
        <div class="layers-tools">
          <input type="search" class="pick-search" v-model="sought" :placeholder="say('find')" :aria-label="say('find')" name="find-point" autocomplete="off">
          <select class="select" v-model="kept" :aria-label="say('filter')" name="filter-points">
            <option value="problems">{{ say("problems") }}</option><option value="">{{ say("all") }}</option>
            <option v-for="kind in kinds" :key="kind" :value="kind">{{ say(kind) }}</option>
          </select>
          <p role="status">{{ number(found.length) }}</p>
        </div>
        <div class="table-box" tabindex="0" role="group" :aria-label="say('list')">
          <table class="table choosable">
            <thead><tr><th scope="col">{{ say("name") }}</th><th scope="col">{{ say("state") }}</th><th scope="col">{{ say("where") }}</th></tr></thead>
            <tbody>
              <tr v-for="row in found.slice(0, most)" :key="row.kind + row.key" :data-key="row.key" @click="$emit('open', row.key)">
                <td><button type="button" class="table-choice" @click.stop="$emit('open', row.key)">{{ row.name }}</button><small>{{ row.note }}</small></td>
                <td><mark-of :look="row.mark" />{{ row.state }}</td>
                <td>{{ row.where }}</td>
              </tr>
            </tbody>
          </table>
          <p v-if="!found.length" class="table-empty">{{ say(sought ? "no_match" : "none") }}</p>
          <p v-else-if="found.length > most" class="table-empty">{{ say("more").replace("{n}", number(found.length - most)) }}</p>
        </div>
      </template>
    </details>`,
  // rows(): all that lies on the map, the worst first; it is asked while the list is open
  props: { rows: Function, number: Function, say: Function, round: Number },
  emits: ["open"],
  data: () => ({ opened: false, sought: "", kept: "problems", most: MOST }),
  computed: {
    all() {
      this.round; // what rows() returns has changed
      return this.rows();
    },
    kinds() {
      return ["alerts", "water", "gateways", "things"].filter((kind) => this.all.some((row) => row.kind === kind));
    },
    found() {
      const text = plain(this.sought);
      const kept = (row) => (this.kept === "problems" ? row.rank < 5 : !this.kept || row.kind === this.kept);
      return this.all.filter((row) => kept(row) && (!text || plain(`${row.name} ${row.note} ${row.where}`).includes(text)));
    },
  },
};
