"""A gateway for text messages that prints each request that it gets as one line of JSON.

usage: gateway.py PORT

It refuses as Twilio does: +15005550001 is no number; the first request for any other number is answered with 503.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

seen = set()


class Gateway(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        told = {
            "line": self.requestline,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body,
        }
        if "json" in self.headers["content-type"]:
            to = json.loads(body)["to"]
        else:
            to = parse_qs(body)["To"][0]
        if to == "+15005550001":
            status, answer = 400, {"code": 21211, "message": f"The 'To' number {to} is not a valid phone number."}
        elif to not in seen:
            seen.add(to)
            status, answer = 503, {"message": "busy"}
        else:
            status, answer = 201, {"sid": "SM00", "status": "queued"}
        told["status"] = status
        print(json.dumps(told), flush=True)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Gateway)
print("ready", flush=True)
server.serve_forever()
