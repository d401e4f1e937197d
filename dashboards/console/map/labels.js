// Where the labels of areas stand: within their fields, where they cover the least of what lies on the map.

const LETTER = 6.4; // average width of a letter of a name, px
const DIGIT = 8.4; // and of a value
const LEAST = 30; // px: a smaller field has its label below
const [ABOVE, BELOW] = [13, 15]; // px that a label with a name reaches from its middle
const BARE = 8; // px that a value alone reaches
// what each kind of mark takes around its place, px: left, top, right, bottom
const MARKS = {
  gateway: [-5, -5, 5, 5],
  wave: [-10, -6, 10, 6],
  gauge: [-6, -12, 6, 12],
  reached: [-7, -15, 28, 15], // with the name of the alert level
  sign: [-12, -12, 12, 12],
  alert: [-13, -43, 13, -18], // a sign above its area's middle
};
const MANY = 3; // gateways: to cover more is no worse, and not as bad as to cover anything else
const SHRINK = 0.8; // of the marks of a compact map
// shifts of a label from the middle of its field, in diameters of the largest circle within, nearest first
const TURNS = [...Array(16).keys()].map((turn) => (turn * Math.PI) / 8);
const places = (...rings) => [[0, 0], ...rings.flatMap((r) => TURNS.map((turn) => [r * Math.cos(turn), -r * Math.sin(turn)]))];
const WITHIN = places(0.08, 0.16, 0.24, 0.32, 0.4);
const AS_FAR = [...WITHIN, ...places(0.48, 0.56).slice(1)]; // of a value alone: it is narrow

// field: of the map; marks: [x, y, kind] in units of the drawing, of which a px has 1 / scale.
// compact: values stand without names. Returns the label's place and what of it is shown.
export function settle(field, marks, scale, compact) {
  const room = field.room * scale; // px
  if (room < LEAST) return { x: field.foot[0], y: field.foot[1] + 14 / scale, named: !compact, ink: null, darkInk: null, fill: null };
  const named = !compact && room * 1.1 > field.name.length * LETTER;
  const half = Math.max(named ? field.name.length * LETTER : 0, field.text.length * DIGIT) / 2;
  const label = named ? [-half, -ABOVE, half, BELOW] : [-half, -BARE, half, BARE];
  const near = marks.map((mark) => placed(mark, field, scale, compact ? SHRINK : 1)).filter(({ box }) => meet(box, [-half - room, -ABOVE - room, half + room, BELOW + room]));
  let best = null;
  for (const [right, down] of named ? WITHIN : AS_FAR) {
    const [x, y] = [right * room, down * room];
    const own = [label[0] + x, label[1] + y, label[2] + x, label[3] + y];
    const covered = near.filter(({ box }) => meet(box, own));
    const gateways = covered.filter(({ kind }) => kind === "gateway").length;
    const cost = Math.min(gateways, MANY) + (covered.length - gateways) * (MANY + 1);
    if (!best || cost < best.cost) best = { cost, x, y };
    if (!best.cost) break;
  }
  return { x: field.x + best.x / scale, y: field.y + best.y / scale, named };
}

// What a mark takes, px from the middle of a field.
function placed([x, y, kind], field, scale, shrink) {
  const [left, top] = [(x - field.x) * scale, (y - field.y) * scale];
  const box = MARKS[kind].map((edge, at) => edge * shrink + (at % 2 ? top : left));
  return { kind, box };
}

const meet = (one, other) => one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
