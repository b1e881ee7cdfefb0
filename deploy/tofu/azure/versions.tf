terraform {
  required_version = ">= 1.8"

  required_providers {
    azurerm = { source = "hashicorp/azurerm", version = "~> 4.55" }
    random  = { source = "hashicorp/random", version = "~> 3.7" }
  }

  # The state holds the password, the keys and the master key: it is encrypted wherever it lies.
  encryption {
    key_provider "pbkdf2" "passphrase" {
      passphrase = var.state_passphrase
    }
    method "aes_gcm" "state" {
      keys = key_provider.pbkdf2.passphrase
    }
    state {
      method   = method.aes_gcm.state
      enforced = true
    }
    plan {
      method   = method.aes_gcm.state
      enforced = true
    }
  }
}

provider "azurerm" {
  subscription_id     = var.subscription_id
  storage_use_azuread = true
  features {
    storage {
      # The firewall of the storage account keeps us out, too; all of it is made by the management's side.
      data_plane_available = false
    }
  }
}
