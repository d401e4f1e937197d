// Words with their places filled in, and numbers and times as people of a language read them.

const MINUTE_MS = 60_000;
const HOUR_S = 3600;
const DAY_S = 86_400;
const MOST_DECIMALS = 6;
const FULL = { day: "2-digit", month: "2-digit", year: "numeric" };

export class Texts {
  constructor(words, language, zone) {
    this.words = words;
    this.language = language;
    this.zone = zone;
    this.locale = language === "vi" ? "vi-VN" : "en-GB";
    this.plain = new Intl.NumberFormat(this.locale, { maximumFractionDigits: MOST_DECIMALS });
  }

  say(key, places = {}) {
    return this.words[key].replace(/\{(\w+)\}/g, (_, name) => places[name]);
  }

  why(reason) {
    return this.words[`why_${reason}`] ?? this.words[reason] ?? reason ?? this.words.no_value;
  }

  name(row) {
    return row[`name_${this.language}`];
  }

  // All digits that the API gives: what is read here can be looked up there; `decimals` or more of them.
  number(value, decimals = 0) {
    const form = decimals ? new Intl.NumberFormat(this.locale, { minimumFractionDigits: decimals, maximumFractionDigits: MOST_DECIMALS }) : this.plain;
    return form.format(value).replace("-", "−");
  }

  // How many decimals the values of a column need, so that they stand under each other.
  decimals(values) {
    const needed = (value) => value === null ? 0 : (String(Number(value.toFixed(MOST_DECIMALS))).split(".")[1]?.length ?? 0);
    return values.reduce((most, value) => Math.max(most, needed(value)), 0);
  }

  signed(value) {
    return (value > 0 ? "+" : "") + this.number(value);
  }

  // 100 % only where nothing is missing
  share(part) {
    const percent = part > 0.99 ? Math.floor(part * 100) : Math.round(part * 100);
    return `${this.number(percent)}\u202f%`;
  }

  day(moment) {
    return this.#date(moment, FULL);
  }

  // A calendar day, YYYY-MM-DD, or so many days after it.
  calendar(day, later = 0) {
    return this.#date(Date.parse(`${day}T00:00:00Z`) + later * DAY_S * 1000, { ...FULL, timeZone: "UTC" });
  }

  instant(moment) {
    return `${this.#clock(moment)} ${this.day(moment)}`;
  }

  // The step that begins at an instant: its hours, day, month or year.
  step(start, seconds) {
    if (seconds > 200 * DAY_S) return this.#date(start, { year: "numeric" });
    if (seconds > 20 * DAY_S) return this.#date(start, { month: "2-digit", year: "numeric" });
    if (seconds >= DAY_S) return this.day(start);
    const end = new Date(+new Date(start) + Math.max(seconds * 1000, MINUTE_MS));
    return `${this.#clock(start)}–${this.#clock(end)} ${this.#date(start, { day: "2-digit", month: "2-digit" })}`;
  }

  // A short mark under an axis that is so many seconds long.
  tick(moment, seconds) {
    if (seconds <= 2 * DAY_S + HOUR_S) return this.#clock(moment);
    if (seconds <= 200 * DAY_S) return this.#date(moment, { day: "2-digit", month: "2-digit" });
    return this.#date(moment, { month: "2-digit", year: "numeric" });
  }

  #clock(moment) {
    return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: this.zone }).format(new Date(moment));
  }

  #date(moment, form) {
    const text = new Intl.DateTimeFormat(this.locale, { timeZone: this.zone, ...form }).format(new Date(moment));
    return text.replaceAll("-", "/");
  }
}
