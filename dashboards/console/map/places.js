// Who the points are and where they stand, asked once for each version; the browser keeps it by its ETag.

const asked = new Map(); // kind -> { version, points: promise }

async function read(kind) {
  const answer = await fetch(`console/points/${kind}`, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`points of ${kind}: ${answer.status}`);
  return answer.json();
}

// The points of a version; null where the server has others by then: its next states will say so.
export async function places(kind, version) {
  if (asked.get(kind)?.version !== version) {
    const found = read(kind);
    asked.set(kind, { version, found });
    found.catch(() => asked.delete(kind));
  }
  const { version: got, points } = await asked.get(kind).found;
  if (got !== version) {
    asked.delete(kind);
    return null;
  }
  return points.map(([code, name, type, area, longitude, latitude]) => ({ code, name: name || code, type, area, longitude, latitude }));
}
