locals {
  cloudfront    = var.cloudfront && var.zone_id != null
  origin_domain = local.cloudfront ? "box.${var.domain}" : null
  # t4g, m7g, c8gn, …: a g behind the generation is a processor by ARM.
  architecture = can(regex("^[a-z]+[0-9]+g", var.instance_type)) ? "arm64" : "amd64"
}

data "aws_ssm_parameter" "ubuntu" {
  name = "/aws/service/canonical/ubuntu/server/24.04/stable/current/${local.architecture}/hvm/ebs-gp3/ami-id"
}

module "box" {
  source         = "../shared"
  source_address = var.source_address
  domain         = var.domain
  origin_domain  = local.origin_domain
  secret_id      = aws_secretsmanager_secret.this.arn
  fetch_secret   = "fetch-aws.py"
  packages       = ["python3-boto3"]
  s3 = {
    endpoint = "https://s3.${var.region}.amazonaws.com"
    region   = var.region
    bucket   = aws_s3_bucket.this["pictures"].bucket
  }
  settings = {
    SECRET_REGION   = var.region
    DATABASE_CA_URL = "https://truststore.pki.rds.amazonaws.com/${var.region}/${var.region}-bundle.pem"
  }
}

# Address and network are there before the machine, or its first start would find no internet; and they stay when it is replaced.
resource "aws_network_interface" "box" {
  subnet_id       = aws_subnet.box.id
  security_groups = [aws_security_group.box.id]
  tags            = { Name = var.name }
}

resource "aws_eip" "box" {
  domain            = "vpc"
  network_interface = aws_network_interface.box.id
  tags              = { Name = var.name }
  depends_on        = [aws_internet_gateway.this]
}

resource "aws_instance" "box" {
  ami                  = data.aws_ssm_parameter.ubuntu.insecure_value
  instance_type        = var.instance_type
  iam_instance_profile = aws_iam_instance_profile.box.name
  user_data            = module.box.user_data
  ebs_optimized        = true

  primary_network_interface {
    network_interface_id = aws_network_interface.box.id
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = 20
    encrypted   = true
  }

  # One hop: the containers get no credentials of the machine.
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  tags = { Name = var.name }

  # A newer image or other user data is no reason to replace a machine that sells: tofu apply -replace=aws_instance.box does it.
  lifecycle {
    ignore_changes = [ami, user_data]
  }

  depends_on = [
    aws_eip.box,
    aws_route_table_association.box,
    aws_secretsmanager_secret_version.this,
    aws_iam_role_policy.secret,
  ]
}

resource "aws_route53_record" "box" {
  count   = var.zone_id == null ? 0 : 1
  zone_id = var.zone_id
  name    = local.cloudfront ? local.origin_domain : var.domain
  type    = "A"
  ttl     = 60
  records = [aws_eip.box.public_ip]
}
