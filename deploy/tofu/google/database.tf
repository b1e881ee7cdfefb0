resource "random_password" "database" {
  length  = 40
  special = false
}

# A name of an instance that was deleted can't be had again for a week.
resource "random_id" "database" {
  byte_length = 2
}

resource "google_sql_database_instance" "this" {
  name                = "${var.name}-${random_id.database.hex}"
  region              = var.region
  database_version    = "POSTGRES_17"
  deletion_protection = true

  settings {
    edition                     = "ENTERPRISE"
    tier                        = var.database_tier
    availability_type           = var.database_standby ? "REGIONAL" : "ZONAL"
    disk_type                   = "PD_SSD"
    disk_size                   = var.database_gigabytes
    disk_autoresize             = true
    disk_autoresize_limit       = 4 * var.database_gigabytes
    deletion_protection_enabled = true
    retain_backups_on_delete    = true

    location_preference {
      zone = "${var.region}-${var.zone}"
    }

    ip_configuration {
      ipv4_enabled    = false
      private_network = google_compute_network.this.id
      ssl_mode        = "ENCRYPTED_ONLY"
      # An authority of this instance alone: a certificate that it signed is the instance's.
      server_ca_mode = "GOOGLE_MANAGED_INTERNAL_CA"
    }

    backup_configuration {
      enabled                        = true
      start_time                     = "20:00"
      point_in_time_recovery_enabled = true
      transaction_log_retention_days = var.point_in_time_days
      backup_retention_settings {
        retained_backups = 14
        retention_unit   = "COUNT"
      }
    }

    maintenance_window {
      day          = 2
      hour         = 22
      update_track = "stable"
    }

    database_flags {
      name  = "log_lock_waits"
      value = "on"
    }
  }

  # It grows by itself.
  lifecycle {
    ignore_changes = [settings[0].disk_size]
  }

  depends_on = [google_service_networking_connection.database]
}

resource "google_sql_database" "this" {
  name     = "smoocho"
  instance = google_sql_database_instance.this.name
  # A restore puts another one in its place.
  deletion_policy = "ABANDON"
}

resource "google_sql_user" "this" {
  name            = "smoocho"
  instance        = google_sql_database_instance.this.name
  password        = random_password.database.result
  deletion_policy = "ABANDON"
}
