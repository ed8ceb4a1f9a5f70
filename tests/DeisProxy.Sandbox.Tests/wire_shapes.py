"""Holds the sandbox's answers against the service models of botocore: every element known, every required member there."""
import gzip
import json
import os
import sys
import xml.etree.ElementTree as ET

import botocore
import botocore.session

NAME, CERT, NODE = sys.argv[2:5]
root = os.path.join(os.path.dirname(botocore.__file__), "data")
problems = []
covered = {}


def load(service, version):
    path = os.path.join(root, service, version, "service-2.json")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as plain:
            return json.load(plain)
    with gzip.open(path + ".gz", "rt", encoding="utf-8") as packed:
        return json.load(packed)


MODELS = {"elb": load("elb", "2012-06-01"), "cloudformation": load("cloudformation", "2010-05-15"),
          "ec2": load("ec2", "2016-11-15")}


def local(element):
    return element.tag.split("}")[-1]


def check(model, name, element, where):
    shape = model["shapes"][name]
    kind = shape["type"]
    if kind == "structure":
        known = {member.get("locationName", key): (key, member["shape"]) for key, member in shape["members"].items()}
        seen = set()
        for child in element:
            if local(child) not in known:
                problems.append(f"{where}: <{local(child)}> is not in the model")
                continue
            if local(child) in seen:
                problems.append(f"{where}: <{local(child)}> occurs twice")
            seen.add(local(child))
            check(model, known[local(child)][1], child, f"{where}/{local(child)}")
        for required in shape.get("required", []):
            location = shape["members"][required].get("locationName", required)
            if location not in seen:
                problems.append(f"{where}: <{location}> is required and missing")
    elif kind == "list":
        member = shape["member"].get("locationName", "member")
        for child in element:
            if local(child) != member:
                problems.append(f"{where}: <{local(child)}> where <{member}> belongs")
            else:
                check(model, shape["member"]["shape"], child, f"{where}/{member}")
    elif kind in ("integer", "long"):
        int(element.text)
    elif kind == "boolean":
        if element.text not in ("true", "false"):
            problems.append(f"{where}: {element.text} is not a boolean")
    elif kind == "string" and "enum" in shape and (element.text or "") not in shape["enum"]:
        problems.append(f"{where}: {element.text} is not one of {shape['enum']}")


session = botocore.session.get_session()
session.set_credentials("AKIDEXAMPLE", "secret")


def client(service):
    made = session.create_client(service, region_name="us-east-1", endpoint_url=sys.argv[1])

    def received(http_response, parsed, model, **_):
        if http_response.status_code != 200:
            problems.append(f"{service} {model.name}: HTTP {http_response.status_code} {parsed.get('Error')}")
            return
        document = ET.fromstring(http_response.content)
        spec = MODELS[service]["operations"][model.name]
        namespace = document.tag[1:].split("}")[0]
        if service != "ec2" and namespace.rstrip("/") != MODELS[service]["metadata"]["xmlNamespace"].rstrip("/"):
            problems.append(f"{service} {model.name}: namespace {namespace}")
        if local(document) != f"{model.name}Response":
            problems.append(f"{service} {model.name}: document <{local(document)}>")
        wrapper = spec.get("output", {}).get("resultWrapper")
        body = document
        if wrapper:
            body = next((child for child in document if local(child) == wrapper), None)
            if body is None:
                problems.append(f"{service} {model.name}: no <{wrapper}>")
                return
        if service == "ec2":
            for child in [child for child in document if local(child) == "requestId"]:
                document.remove(child)
        if "output" in spec:
            check(MODELS[service], spec["output"]["shape"], body, f"{service} {model.name}")
        covered.setdefault(service, set()).add(model.name)

    made.meta.events.register(f"after-call.{service}", received)
    made.meta.events.register("after-call", received)
    return made


elb, cfn, ec2 = (client(service) for service in ("elb", "cloudformation", "ec2"))
other = {"LoadBalancerName": "wire-shapes"}
elb.create_load_balancer_listeners(**other, Listeners=[{"Protocol": "TCP", "LoadBalancerPort": 8080, "InstancePort": 8080}])
elb.create_load_balancer_policy(**other, PolicyName="proxy", PolicyTypeName="ProxyProtocolPolicyType", PolicyAttributes=[{"AttributeName": "ProxyProtocol", "AttributeValue": "true"}])
elb.set_load_balancer_policies_of_listener(**other, LoadBalancerPort=443, PolicyNames=["sticky", "ELBSecurityPolicy-2016-08"])
elb.set_load_balancer_policies_for_backend_server(**other, InstancePort=8080, PolicyNames=["proxy"])
elb.set_load_balancer_listener_ssl_certificate(**other, LoadBalancerPort=443, SSLCertificateId=CERT)
elb.configure_health_check(**other, HealthCheck={"Target": "TCP:80", "Interval": 15, "Timeout": 5, "UnhealthyThreshold": 2, "HealthyThreshold": 4})
elb.modify_load_balancer_attributes(**other, LoadBalancerAttributes={"ConnectionSettings": {"IdleTimeout": 1200}})
described = elb.describe_load_balancers()["LoadBalancerDescriptions"]
assert [lb["LoadBalancerName"] for lb in described] == [NAME, "wire-shapes"], described
assert described[1]["ListenerDescriptions"][0]["PolicyNames"] == ["sticky", "ELBSecurityPolicy-2016-08"], described
assert described[1]["BackendServerDescriptions"] == [{"InstancePort": 8080, "PolicyNames": ["proxy"]}], described
assert described[1]["Policies"]["LBCookieStickinessPolicies"] == [{"PolicyName": "sticky", "CookieExpirationPeriod": 60}], described
assert described[1]["Policies"]["OtherPolicies"] == ["ELBSecurityPolicy-2016-08", "proxy"], described
assert len(elb.get_paginator("describe_load_balancers").paginate(PaginationConfig={"PageSize": 1}).build_full_result()["LoadBalancerDescriptions"]) == 2
elb.describe_load_balancer_attributes(**other)
elb.describe_load_balancer_policies(**other)
elb.describe_load_balancer_policies()
elb.describe_instance_health(LoadBalancerName=NAME)
elb.set_load_balancer_policies_for_backend_server(**other, InstancePort=8080, PolicyNames=[])
elb.delete_load_balancer_policy(**other, PolicyName="proxy")
elb.delete_load_balancer_listeners(**other, LoadBalancerPorts=[443, 8080])
assert elb.describe_load_balancers(LoadBalancerNames=["wire-shapes"])["LoadBalancerDescriptions"][0]["ListenerDescriptions"] == []

cfn.describe_stacks()
cfn.describe_stacks(StackName="deis")
resources = cfn.get_paginator("list_stack_resources").paginate(StackName="deis").build_full_result()["StackResourceSummaries"]
assert len(resources) > 100, len(resources)
assert cfn.get_template(StackName="deis")["TemplateBody"]["Resources"]["DeisWebELB"]["Properties"]["Listeners"][0]["LoadBalancerPort"] == "80"

found = ec2.describe_instances(Filters=[{"Name": "tag:aws:cloudformation:stack-name", "Values": ["deis"]}])
assert len(found["Reservations"]) == 4, found
assert len(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5}).build_full_result()["Reservations"]) == 4
ec2.describe_instances(InstanceIds=[NODE])
ec2.describe_vpcs()
ec2.describe_subnets()
ec2.describe_security_groups()

for problem in sorted(set(problems)):
    print(problem)
print("covered " + " ".join(sorted(f"{service}:{operation}" for service, operations in covered.items() for operation in operations)), file=sys.stderr)
sys.exit(1 if problems else 0)
