// Follow what is new in a browser. `load` fetches the state (…/values/latest, /v1/alerts, …), `show` changes it.
function follow(query, load, show, last = "") {
  const source = new EventSource(`/v1/live?${query}${last && `&after=${last}`}`);
  const take = (event) => {
    last = event.lastEventId || last;
    return JSON.parse(event.data);
  };
  source.addEventListener("subscribed", (event) => take(event).resumed || load());
  source.addEventListener("reset", (event) => take(event) && load());
  for (const name of ["value", "alert", "gateway", "observation", "recomputed"]) {
    source.addEventListener(name, (event) => show(name, take(event)));
  }
  source.onerror = () => {
    // A browser comes back by itself, unless the answer was no stream: 503, for example.
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(() => follow(query, load, show, last), 5000);
    }
  };
}
