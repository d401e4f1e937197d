// One mark of the map in a list or legend, beside words that say the same.

export default {
  template: `
    <svg class="layers-mark" viewBox="-8 -8 16 16" aria-hidden="true">
      <g :transform="'scale(' + look.size + ')'">
        <path v-if="look.frame" :d="look.frame" fill="#ffffff" :stroke="look.line" :stroke-width="look.width" />
        <path :d="look.path" :fill="look.fill" :stroke="look.line.startsWith('#ffffff') ? look.fill : look.line" :stroke-width="look.width" />
        <circle v-if="look.core" r="1.4" :fill="look.line" />
      </g>
    </svg>`,
  props: { look: Object },
};
