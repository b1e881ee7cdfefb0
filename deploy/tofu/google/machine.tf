data "google_compute_image" "ubuntu" {
  project = "ubuntu-os-cloud"
  family  = can(regex("^(t2a|c4a|n4a)-", var.machine_type)) ? "ubuntu-2404-lts-arm64" : "ubuntu-2404-lts-amd64"
}

module "box" {
  source         = "../shared"
  source_address = var.source_address
  domain         = var.domain
  secret_id      = google_secret_manager_secret.this.id
  fetch_secret   = "fetch-google.sh"
  database_ca    = google_sql_database_instance.this.server_ca_cert[0].cert
  s3 = {
    endpoint = "https://storage.googleapis.com"
    region   = var.region
    bucket   = google_storage_bucket.this["pictures"].name
  }
}

resource "google_compute_instance" "box" {
  name         = var.name
  zone         = "${var.region}-${var.zone}"
  machine_type = var.machine_type
  tags         = [var.name]

  boot_disk {
    initialize_params {
      image = data.google_compute_image.ubuntu.self_link
      size  = 20
      type  = "pd-balanced"
    }
  }

  network_interface {
    subnetwork = google_compute_subnetwork.box.id
    access_config {
      nat_ip = google_compute_address.box.address
    }
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  service_account {
    email  = google_service_account.box.email
    scopes = ["cloud-platform"]
  }

  metadata = {
    user-data              = module.box.user_data
    enable-oslogin         = "TRUE"
    block-project-ssh-keys = "TRUE"
    serial-port-enable     = "FALSE"
  }

  allow_stopping_for_update = true

  # A newer image or other user data is no reason to replace a machine that sells: tofu apply -replace does it.
  lifecycle {
    ignore_changes = [boot_disk[0].initialize_params[0].image, metadata["user-data"]]
  }

  depends_on = [google_secret_manager_secret_version.this, google_secret_manager_secret_iam_member.box]
}
