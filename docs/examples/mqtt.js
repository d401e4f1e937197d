// Listen to gateways in a browser, with MQTT.js (<script src="mqtt.min.js">). `token` asks your own server, which has
// the API key, for a token (POST /v1/mqtt-tokens); `show` gets the gateway, `observations` or `status`, and the bytes.
async function listen(token, show) {
  let client;
  let isOver = false;
  // Once, after `wait` ms: the next token first, then the end of this connection.
  const goOn = (wait) => {
    if (isOver) return;
    isOver = true;
    setTimeout(() => listen(token, show).finally(() => client?.end()), wait);
  };
  try {
    const { url, user_name: username, password, topics, expires_at: expires } = await token();
    client = mqtt.connect(url, { username, password, clientId: username, protocolVersion: 5, reconnectPeriod: 0 });
    client.on("connect", () => client.subscribe(topics));
    client.on("message", (topic, payload) => show(topic.split("/").at(-3), topic.split("/").at(-1), payload));
    client.on("error", () => client.end());
    client.on("close", () => goOn(5000));
    setTimeout(() => goOn(0), Math.max(1000, new Date(expires) - Date.now() - 10000));
  } catch {
    goOn(5000);
  }
}
