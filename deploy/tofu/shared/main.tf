# User data (cloud-init) of a machine that runs Smoocho in containers, the same on each cloud. There is nothing secret in it.

locals {
  settings = merge({
    SMOOCHO_SOURCE  = var.source_address
    SMOOCHO_VERSION = split("#", var.source_address)[1]
    SMOOCHO_SITE    = var.domain
    CADDY_SITE      = coalesce(var.origin_domain, var.domain)
    S3_ENDPOINT     = var.s3.endpoint
    S3_REGION       = var.s3.region
    S3_BUCKET       = var.s3.bucket
    SECRET_ID       = var.secret_id
  }, var.settings)

  caddyfile = var.origin_domain == null ? "Caddyfile" : "Caddyfile.cloudfront"

  files = {
    "/opt/smoocho/.env"                   = { mode = "0644", text = join("", [for name, value in local.settings : "${name}=${value}\n"]) }
    "/opt/smoocho/compose.yaml"           = { mode = "0644", text = file("${path.module}/files/compose.yaml") }
    "/opt/smoocho/Caddyfile"              = { mode = "0644", text = file("${path.module}/files/${local.caddyfile}") }
    "/opt/smoocho/settings"               = { mode = "0755", text = file("${path.module}/files/settings.sh") }
    "/opt/smoocho/fetch-secret"           = { mode = "0755", text = file("${path.module}/files/${var.fetch_secret}") }
    "/etc/systemd/system/smoocho.service" = { mode = "0644", text = file("${path.module}/files/smoocho.service") }
    "/usr/local/bin/smoocho"              = { mode = "0755", text = file("${path.module}/files/smoocho.sh") }
    "/usr/local/bin/smoocho-upgrade"      = { mode = "0755", text = file("${path.module}/files/upgrade.sh") }
    "/opt/smoocho/ca/README"              = { mode = "0644", text = "Authorities of the database.\n" }
  }
  authority = var.database_ca == null ? {} : { "/opt/smoocho/ca/database.pem" = { mode = "0644", text = var.database_ca } }

  cloud_config = {
    package_update  = true
    package_upgrade = true
    packages        = concat(["docker.io", "docker-buildx", "docker-compose-v2", "git", "curl", "jq"], var.packages)
    # Headroom for the build of the image.
    swap = { filename = "/swapfile", size = 2147483648 }
    write_files = [for path, file in merge(local.files, local.authority) : {
      path        = path
      permissions = file.mode
      content     = file.text
    }]
    runcmd = [
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", "--now", "docker.service"],
      ["systemctl", "enable", "--now", "--no-block", "smoocho.service"],
    ]
  }
}
