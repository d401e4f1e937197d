// A line of ECharts, whose megabyte is read when there is a first one to draw: nothing else waits for it.

import { toRaw } from "vue";

const FUNCTIONS = "../../static/utils/dynamic_properties.js"; // NiceGUI's: of options named ":…" it makes functions

export default {
  template: `<div class="chart"></div>`,
  // of ECharts; without a series while nothing is to be drawn
  props: { options: Object },
  watch: { options: "draw" },
  mounted() {
    this.draw();
  },
  unmounted() {
    this.observer?.disconnect();
    this.chart?.dispose();
  },
  methods: {
    async draw() {
      if (!this.options.series) return;
      this.beginning ??= this.begin().catch(() => (this.beginning = null)); // could not be loaded: when it is next told
      await this.beginning;
      if (!this.chart) return;
      const options = toRaw(this.options);
      this.convert(options, true);
      this.chart.setOption(options, { notMerge: this.chart.getOption()?.series?.length !== options.series.length });
    },
    async begin() {
      const [{ echarts }, { convertDynamicProperties }] = await Promise.all([import("nicegui-echart"), import(FUNCTIONS)]);
      if (!this.$el.isConnected) return; // another view was chosen meanwhile
      [this.chart, this.convert] = [echarts.init(this.$el), convertDynamicProperties];
      this.observer = new ResizeObserver(() => this.chart.resize());
      this.observer.observe(this.$el);
    },
  },
};
