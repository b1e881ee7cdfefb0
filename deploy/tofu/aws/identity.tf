# What Smoocho does in its buckets, and from inside our network alone: a key that gets out opens nothing elsewhere.
data "aws_iam_policy_document" "buckets" {
  statement {
    actions   = ["s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:GetBucketLocation"]
    resources = [for bucket in aws_s3_bucket.this : bucket.arn]
    condition {
      test     = "StringEquals"
      variable = "aws:SourceVpce"
      values   = [aws_vpc_endpoint.s3.id]
    }
  }
  statement {
    # No DeleteObjectVersion: what it deletes can be brought back.
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = [for bucket in aws_s3_bucket.this : "${bucket.arn}/*"]
    condition {
      test     = "StringEquals"
      variable = "aws:SourceVpce"
      values   = [aws_vpc_endpoint.s3.id]
    }
  }
}

# A user with a key, for Smoocho's S3 client takes no credentials of the machine's role.
resource "aws_iam_user" "buckets" {
  name = "${var.name}-buckets"
}

resource "aws_iam_user_policy" "buckets" {
  name   = "buckets"
  user   = aws_iam_user.buckets.name
  policy = data.aws_iam_policy_document.buckets.json
}

resource "aws_iam_access_key" "buckets" {
  user = aws_iam_user.buckets.name
}

# Wraps all keys of the installation: with it, a new machine goes on with the same database.
resource "random_bytes" "master_key" {
  length = 32
}

locals {
  database_query = "sslmode=verify-full&sslrootcert=/etc/smoocho/ca/database.pem"
}

resource "aws_secretsmanager_secret" "this" {
  name                    = var.name
  description             = "Database, buckets and master key of Smoocho"
  recovery_window_in_days = 30
}

resource "aws_secretsmanager_secret_version" "this" {
  secret_id = aws_secretsmanager_secret.this.id
  secret_string = jsonencode({
    database_url  = "postgres://smoocho:${random_password.database.result}@${aws_db_instance.this.address}:5432/smoocho?${local.database_query}"
    master_key    = random_bytes.master_key.base64
    s3_access_key = aws_iam_access_key.buckets.id
    s3_secret_key = aws_iam_access_key.buckets.secret
  })
}

data "aws_iam_policy_document" "machines" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "secret" {
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.this.arn]
  }
}

resource "aws_iam_role" "box" {
  name               = "${var.name}-box"
  assume_role_policy = data.aws_iam_policy_document.machines.json
}

resource "aws_iam_role_policy" "secret" {
  name   = "secret"
  role   = aws_iam_role.box.id
  policy = data.aws_iam_policy_document.secret.json
}

# A shell by Session Manager.
resource "aws_iam_role_policy_attachment" "sessions" {
  role       = aws_iam_role.box.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "box" {
  name = "${var.name}-box"
  role = aws_iam_role.box.name
}
