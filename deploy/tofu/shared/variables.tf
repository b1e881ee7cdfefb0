variable "source_address" {
  description = "Where Docker gets Smoocho's source from: a git address and, behind #, a tag or commit."
  type        = string
}

variable "domain" {
  description = "The name that tills open."
  type        = string
}

variable "origin_domain" {
  description = "The name by which CloudFront reaches the machine; null without CloudFront."
  type        = string
  default     = null
}

variable "s3" {
  description = "The S3 server and the bucket for pictures."
  type        = object({ endpoint = string, region = string, bucket = string })
}

variable "secret_id" {
  description = "Where the machine finds its secret: JSON with database_url, master_key, s3_access_key and s3_secret_key."
  type        = string
}

variable "fetch_secret" {
  description = "The program that prints the secret, in files/."
  type        = string
}

variable "database_ca" {
  description = "Certificate of the database's authority, PEM; null: a public one, or DATABASE_CA_URL in settings."
  type        = string
  default     = null
}

variable "packages" {
  description = "Packages of Ubuntu beside Docker."
  type        = list(string)
  default     = []
}

variable "settings" {
  description = "Further lines of .env; nothing secret."
  type        = map(string)
  default     = {}
}
