// Finds what lies nearest to a place among thousands of points: a grid of cells, of which nine are looked at.

const CELL = 24; // px: no reach is larger

export class Grid {
  constructor(items) {
    this.cells = new Map();
    for (const item of items) {
      const key = this.key(Math.floor(item.px / CELL), Math.floor(item.py / CELL));
      if (!this.cells.has(key)) this.cells.set(key, []);
      this.cells.get(key).push(item);
    }
  }
  key(column, row) {
    return column * 65536 + row;
  }
  // The item of the first layer that has any within its reach, of those the nearest. touch: fingers are wide.
  nearest(x, y, touch) {
    const [column, row] = [Math.floor(x / CELL), Math.floor(y / CELL)];
    let best = null;
    for (let c = column - 1; c <= column + 1; c++) {
      for (let r = row - 1; r <= row + 1; r++) {
        for (const item of this.cells.get(this.key(c, r)) || []) {
          const distance = Math.hypot(item.px - x, item.py - y);
          if (distance > Math.min(item.reach * (touch ? 1.5 : 1), CELL)) continue;
          if (!best || item.layer < best.item.layer || (item.layer === best.item.layer && distance < best.distance)) best = { item, distance };
        }
      }
    }
    return best && best.item;
  }
}
