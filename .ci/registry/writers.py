"""The shop's events in the three encodings, each by Confluent's own serializer, schemas registered as it does."""

import datetime
import decimal
import importlib
import json
import pathlib
import sys

from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import json_format
from grpc_tools import protoc

HERE = pathlib.Path(__file__).parent
TEXTS = ("channel", "order_id", "currency")
MONEY = ("amount", "discount")
NUMBERS = ("points", "rating", "score", "scale")


class Avro:
    """Decimals and instants as Avro has them; an item is a schema of its own, which events refer to."""

    def __init__(self, registry, topic):
        money = {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}
        item = {"type": "record", "name": "Item", "namespace": "shop", "fields": [
            {"name": "sku", "type": "string"}, {"name": "category", "type": ["null", "string"]},
            {"name": "quantity", "type": "int"}, {"name": "unit_price", "type": money}]}
        subject = f"{topic}-item"
        registry.register_schema(subject, Schema(json.dumps(item), "AVRO"))
        maybe = lambda kind: ["null", kind]
        fields = [("id", "string"), ("type", "string"), ("customer_id", "string"),
                  ("time", {"type": "long", "logicalType": "timestamp-millis"}),
                  ("items", maybe({"type": "array", "items": "Item"}))]
        fields += [(name, maybe("string")) for name in TEXTS] + [(name, maybe(money)) for name in MONEY]
        fields += [(name, maybe("int")) for name in NUMBERS]
        # A field later, which the events before do not have.
        self.writers = []
        for more in ([], [("shop", maybe("string"))]):
            schema = {"type": "record", "name": "Event", "namespace": "shop",
                      "fields": [{"name": name, "type": kind} | ({"default": None} if isinstance(kind, list) else {})
                                 for name, kind in fields + more]}
            schema = Schema(json.dumps(schema), "AVRO", [SchemaReference("shop.Item", subject, 1)])
            registry.register_schema(f"{topic}-value", schema)
            self.writers.append(AvroSerializer(registry, schema, conf={"auto.register.schemas": False}))
        self.topic = topic

    def write(self, event, is_late):
        event = dict(event)
        event["time"] = datetime.datetime.fromisoformat(event["time"])
        for name in MONEY:
            if name in event:
                event[name] = decimal.Decimal(event[name])
        if "items" in event:
            event["items"] = [item | {"unit_price": decimal.Decimal(item["unit_price"])} for item in event["items"]]
        return self.writers[is_late](event, SerializationContext(self.topic, MessageField.VALUE))


class Protobuf:
    """A message in a message, an import of ours and one of Google's."""

    def __init__(self, registry, topic):
        out = HERE.parents[1] / "target/registry-protos"
        out.mkdir(parents=True, exist_ok=True)
        google = pathlib.Path(protoc.__file__).parent / "_proto"
        assert protoc.main(["", f"-I{HERE}", f"-I{google}", f"--python_out={out}", "item.proto", "shop.proto"]) == 0
        sys.path.insert(0, str(out))
        self.event = importlib.import_module("shop_pb2").Shop.Event
        self.writer = ProtobufSerializer(self.event, registry, {"use.deprecated.format": False})
        self.topic = topic

    def write(self, event, _):
        return self.writer(json_format.ParseDict(event, self.event()), SerializationContext(self.topic, MessageField.VALUE))


class Json:
    """The events as they are, behind a frame."""

    def __init__(self, registry, topic):
        schema = {"title": "Event", "type": "object", "required": ["id", "type", "customer_id", "time"],
                  "properties": {"id": {"type": "string"}}}
        self.writer = JSONSerializer(json.dumps(schema), registry)
        self.topic = topic

    def write(self, event, _):
        return self.writer(event, SerializationContext(self.topic, MessageField.VALUE))


def client(url, user, ca_file):
    return SchemaRegistryClient({"url": url, "basic.auth.user.info": user, "ssl.ca.location": str(ca_file)})
