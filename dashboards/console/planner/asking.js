// What is asked of the API: periods as it writes them, paths, and answers or the reason why there is none.

const DAY_MS = 86_400_000;
const PAGE = 10_000;
// more values than so many of one indicator are not drawn: the answer says that there are more
const MOST_PAGES = 4;

export const PERIODS = ["last_7_days", "this_week", "this_month", "last_month", "this_year", "last_year"];
export const OTHERS = ["previous", "year", "none"];
export const FORMATS = ["csv", "xlsx", "parquet", "json"];

const written = (date) => date.toISOString().slice(0, 10);

// The day that it is in a zone, as midnight of UTC: a calendar without hours.
export function today(zone) {
  return new Date(`${new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(new Date())}T00:00:00Z`);
}

// The first and last day of a named period.
export function days(name, day) {
  const at = (year, month, date) => new Date(Date.UTC(year, month, date));
  const [y, m] = [day.getUTCFullYear(), day.getUTCMonth()];
  const back = (n) => new Date(+day - n * DAY_MS);
  const found = {
    last_7_days: [back(6), day],
    this_week: [back((day.getUTCDay() + 6) % 7), day],
    this_month: [at(y, m, 1), day],
    last_month: [at(y, m - 1, 1), at(y, m, 0)],
    this_year: [at(y, 0, 1), day],
    last_year: [at(y - 1, 0, 1), at(y - 1, 11, 31)],
  }[name];
  return found.map(written);
}

export class Refusal extends Error {}

// Return the JSON of a path below /v1 with the server's time of it; a Refusal says why not, in the API's own words.
export async function read(path, signal) {
  let answer;
  try {
    answer = await fetch(path, { signal, headers: { accept: "application/json" } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("");
  }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(body.detail || `HTTP ${answer.status}`);
  return { ...body, answered: new Date(answer.headers.get("date")).toISOString() };
}

export function query({ indicators, areas, from, to, as_of }, more = {}) {
  const asked = { indicator: indicators?.join(","), area: areas.join(","), from, to, as_of, ...more };
  return new URLSearchParams(Object.entries(asked).filter(([, value]) => value)).toString();
}

export function file(choice, format, language) {
  const titled = format === "csv" || format === "xlsx" ? { headers: language } : {};
  // Spreadsheets set to Vietnamese read 34.719 as 34719.
  const marked = format === "csv" ? { bom: "true", ...(language === "vi" ? { decimal: "comma" } : {}) } : {};
  return `v1/indicators/values?${query(choice, { format, ...titled, ...marked })}`;
}

// All values of one indicator, and whether there are more than were read.
export async function values(code, choice, signal) {
  const asked = query({ ...choice, indicators: null }, { fields: "area,time,value,category,reason,completeness", limit: PAGE });
  const found = await read(`v1/indicators/${encodeURIComponent(code)}/values?${asked}`, signal);
  let next = found.next;
  for (let page = 1; next && page < MOST_PAGES; page += 1) {
    const further = await read(next.replace(/^\//, ""), signal);
    found.rows.push(...further.rows);
    for (const area of further.areas) if (!found.areas.some(({ code: known }) => known === area.code)) found.areas.push(area);
    next = further.next;
  }
  const rows = found.rows.map((row) => Object.fromEntries(found.columns.map((name, at) => [name, row[at]])));
  return { ...found, rows, more: Boolean(next) };
}

export function comparison(code, choice, signal) {
  const other = choice.with === "none" ? "previous" : choice.with;
  return read(`v1/indicators/${encodeURIComponent(code)}/comparison?${query({ ...choice, indicators: null }, { with: other })}`, signal);
}

// Everything that is shown of one indicator.
export async function result(code, choice, signal) {
  const [whole, current] = await Promise.all([comparison(code, choice, signal), values(code, choice, signal)]);
  const { from, to } = whole.compared_with;
  const before = choice.with === "none" ? null : await values(code, { ...choice, from, to }, signal);
  return { code, whole, current, before };
}

async function all(resource, signal) {
  const found = [];
  for (let path = `v1/${resource}?limit=${PAGE}`; path; ) {
    const { items, next } = await read(path, signal);
    found.push(...items);
    path = next?.replace(/^\//, "");
  }
  return found;
}

// Every administrative unit within reach.
export const units = (signal) => all("areas", signal);

// Every property that may be observed.
export const properties = () => all("observed-properties");
