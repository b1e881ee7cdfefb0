#!/usr/bin/python3
# Prints the secret, read as the role that this machine has.
import os

import boto3

client = boto3.client("secretsmanager", region_name=os.environ["SECRET_REGION"])
print(client.get_secret_value(SecretId=os.environ["SECRET_ID"])["SecretString"])
