# One machine for the hub on an OpenStack cloud, with a volume of its own for the data. Nothing but
# SSH reaches it: the page listens on the machine's 127.0.0.1, so put a proxy that speaks TLS in
# front of it, or use a tunnel (docs/deployment.md).

terraform {
  required_version = ">= 1.6"

  required_providers {
    openstack = {
      source  = "terraform-provider-openstack/openstack"
      version = "~> 3.4"
    }
  }
}

variable "repository" {
  description = "As in ../first_boot."
  type        = string
}

variable "revision" {
  description = "As in ../first_boot."
  type        = string
  default     = "main"
}

variable "image" {
  description = "As in ../first_boot."
  type        = string
  default     = ""
}

variable "settings" {
  description = "As in ../first_boot."
  type        = map(string)
  default     = {}
}

variable "system_image" {
  description = "The image of the machine's system: one with cloud-init and the packages of Ubuntu 24.04 or newer."
  type        = string
  default     = "ubuntu-24.04"
}

variable "flavor" {
  description = "The machine's size: 2 cores and 4 GB are enough to begin with."
  type        = string
}

variable "network" {
  description = "The network that it is in."
  type        = string
}

variable "key_pair" {
  description = "The key pair that may log in by SSH."
  type        = string
}

variable "ssh_from" {
  description = "The addresses that may reach SSH, such as 203.0.113.0/24."
  type        = string
}

variable "data_gigabytes" {
  description = "The size of the volume for the data."
  type        = number
  default     = 50
}

module "first_boot" {
  source      = "../first_boot"
  repository  = var.repository
  revision    = var.revision
  image       = var.image
  settings    = var.settings
  data_device = "/dev/vdb"
}

resource "openstack_networking_secgroup_v2" "hub" {
  name        = "hub"
  description = "SSH from one network, nothing else"
}

resource "openstack_networking_secgroup_rule_v2" "ssh" {
  security_group_id = openstack_networking_secgroup_v2.hub.id
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  port_range_min    = 22
  port_range_max    = 22
  remote_ip_prefix  = var.ssh_from
}

resource "openstack_blockstorage_volume_v3" "data" {
  name = "hub-data"
  size = var.data_gigabytes

  lifecycle {
    prevent_destroy = true
  }
}

data "openstack_images_image_v2" "system" {
  name        = var.system_image
  most_recent = true
}

resource "openstack_compute_instance_v2" "hub" {
  name            = "hub"
  flavor_name     = var.flavor
  key_pair        = var.key_pair
  security_groups = [openstack_networking_secgroup_v2.hub.name]
  user_data       = module.first_boot.user_data

  network {
    name = var.network
  }

  block_device {
    source_type           = "image"
    destination_type      = "local"
    uuid                  = data.openstack_images_image_v2.system.id
    boot_index            = 0
    delete_on_termination = true
  }

  # there from the first boot on, and there still when the machine is gone
  block_device {
    source_type           = "volume"
    destination_type      = "volume"
    uuid                  = openstack_blockstorage_volume_v3.data.id
    boot_index            = -1
    delete_on_termination = false
  }

  lifecycle {
    # the first boot is over: a change of it would throw the machine away
    ignore_changes = [user_data]
  }
}

output "address" {
  description = "The machine's address."
  value       = openstack_compute_instance_v2.hub.access_ip_v4
}
