// A gateway on an ESP32: a message stays in flash until halong says that it is committed.
//
// Libraries: ArduinoMqttClient 0.1.8 (MQTT 3.1.1; PubSubClient publishes with QoS 0 only, which loses messages).
// LittleFS holds a file a message; Preferences (NVS) the numbers. Both survive a power cut.
#include <ArduinoMqttClient.h>
#include <LittleFS.h>
#include <Preferences.h>
#include <WiFi.h>
#include <WiFiClientSecure.h>
#include <time.h>

const char SSID[] = "…", KEY[] = "…";
const char HOST[] = "broker.example", GATEWAY[] = "gw-1", PASSWORD[] = "…", DEVICE[] = "aq-017";
const int PORT = 8883;
const char CA_PEM[] = "";  // the CA's certificate as PEM for TLS; "" connects without (port 1883)

const unsigned long EVERY_MS = 60000, SILENCE_MS = 30000, MAX_WAIT_MS = 60000;
const uint64_t LIMIT = 1000;  // messages kept
const uint64_t WINDOW = 20;   // messages sent before down/committed must have been heard
const time_t KNOWN_TIME = 1750000000;  // a clock that shows less has not been set

WiFiClient plain;
WiFiClientSecure secure;
MqttClient mqtt(CA_PEM[0] ? static_cast<Client &>(secure) : static_cast<Client &>(plain));
Preferences numbers;
const String UP = String("city/v1/") + GATEWAY + "/up/";
const String DOWN = String("city/v1/") + GATEWAY + "/down/";

uint64_t oldest, next_seq;  // oldest <= a number kept < next_seq
uint64_t sent;              // the highest number sent on this connection
uint64_t committed;         // as heard; forgotten in loop(), not while a message is being sent
unsigned long measured_at, heard_at, again_at, wait_ms = 1000;

String path(uint64_t seq) { return String("/") + String(static_cast<unsigned long>(seq)); }

// ---- The journal ----

void forget(uint64_t upto) {
  if (upto < oldest || upto >= next_seq) return;
  uint64_t first = oldest;
  oldest = upto + 1;
  numbers.putULong64("oldest", oldest);
  for (; first <= upto; first++) LittleFS.remove(path(first));
}

void keep(const String &readings) {
  if (next_seq == 0) oldest = next_seq = time(nullptr);  // a fresh journal may be a lost one: begin above it
  if (next_seq - oldest >= LIMIT) {
    Serial.println("the journal is full: the oldest message is dropped");
    forget(oldest);  // and `oldest` in the messages says so
  }
  File file = LittleFS.open(path(next_seq), "w");
  file.print(readings);
  file.close();  // in flash from here on
  numbers.putULong64("oldest", oldest);
  numbers.putULong64("next", ++next_seq);
}

// ---- Measuring ----

// Without the time nothing is kept: a board that measures before its first NTP answer holds values with
// millis() and stamps them once the time is known.
void measure() {
  time_t now = time(nullptr);
  if (now < KNOWN_TIME) return;
  float pm2_5 = 31.2f;  // here the board reads its sensors
  if (isnan(pm2_5)) return;  // "nan" is no JSON: the whole message would be refused
  char reading[160];
  snprintf(reading, sizeof reading, "{\"device\":\"%s\",\"time\":%lld000,\"pm2_5\":%.1f}", DEVICE,
           static_cast<long long>(now), pm2_5);
  keep(reading);
}

// ---- Sending ----

bool publish(const String &topic, const String &payload, bool retain) {
  mqtt.beginMessage(topic, static_cast<unsigned long>(payload.length()), retain, 1);
  mqtt.print(payload);
  return mqtt.endMessage();  // waits for PUBACK, whose reason MQTT 3.1.1 does not tell
}

void send(uint64_t seq) {
  File file = LittleFS.open(path(seq), "r");
  String message = String("{\"seq\":") + String(static_cast<unsigned long>(seq)) +
                   ",\"oldest\":" + String(static_cast<unsigned long>(oldest)) + ",\"readings\":[" +
                   file.readString() + "]}";
  file.close();
  publish(UP + "observations", message, false);
}

void onMessage(int size) {
  String topic = mqtt.messageTopic(), told = mqtt.readString();
  if (topic.endsWith("/rejected")) {
    Serial.println("rejected: " + told);  // never sent again as it is: it would be refused again
    return;
  }
  int at = told.indexOf("\"seq\":");
  if (!topic.endsWith("/committed") || at < 0) return;
  heard_at = millis();
  committed = strtoull(told.c_str() + at + 6, nullptr, 10);
  int missing = told.indexOf("\"missing\":[[");
  if (missing >= 0) {  // go on from the first gap
    uint64_t first = strtoull(told.c_str() + missing + 12, nullptr, 10);
    if (first <= sent) sent = first - 1;
  }
}

void goOn() {
  mqtt.poll();
  forget(committed);
  if (sent + 1 < oldest) sent = oldest - 1;
  if (sent + 1 < next_seq && sent + 1 < oldest + WINDOW) send(++sent);
  if (oldest < next_seq && millis() - heard_at > SILENCE_MS) {
    heard_at = millis();
    send(oldest);  // its answer tells the state
  }
}

// ---- The connection ----

bool connectToBroker() {
  if (WiFi.status() != WL_CONNECTED) {
    WiFi.begin(SSID, KEY);
    return false;
  }
  if (time(nullptr) < KNOWN_TIME) return false;  // NTP runs by itself; TLS needs the date as well
  if (CA_PEM[0]) secure.setCACert(CA_PEM);       // checks the certificate and the name in it
  mqtt.setId(GATEWAY);
  mqtt.setUsernamePassword(GATEWAY, PASSWORD);
  mqtt.setCleanSession(false);
  const char offline[] = "{\"online\": false}";
  mqtt.beginWill(UP + "status", static_cast<unsigned short>(strlen(offline)), true, 1);
  mqtt.print(offline);
  mqtt.endWill();
  if (!mqtt.connect(HOST, PORT)) return false;
  mqtt.subscribe(DOWN + "#", 1);  // on every connect: the session may have ended
  publish(UP + "status", "{\"online\": true, \"firmware\": \"1.4.2\"}", true);
  sent = 0;  // all that is kept goes again, lowest number first
  heard_at = millis();
  return true;
}

void setup() {
  Serial.begin(115200);
  LittleFS.begin(true);
  numbers.begin("journal");
  oldest = numbers.getULong64("oldest", 0);
  next_seq = numbers.getULong64("next", 0);
  configTime(0, 0, "pool.ntp.org");  // or the NTP server of your own network
  mqtt.onMessage(onMessage);
  measured_at = millis() - EVERY_MS;
}

void loop() {
  if (millis() - measured_at >= EVERY_MS) {
    measured_at += EVERY_MS;
    measure();
  }
  if (mqtt.connected()) {
    wait_ms = 1000;
    goOn();
  } else if (static_cast<long>(millis() - again_at) >= 0 && !connectToBroker()) {
    again_at = millis() + wait_ms / 2 + random(wait_ms);  // doubles up to a minute, with chance in it
    wait_ms = min(wait_ms * 2, MAX_WAIT_MS);
  }
  delay(20);
}
