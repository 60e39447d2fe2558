// Readers of the store, lent to the threads that answer: as many as ask at one time, and no more.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "dashboard/store/store.hpp"

namespace callweir::dashboard::routes {

class reader_pool {
 public:
  explicit reader_pool(store& from) : from_(from) {}

  /// Gives the reader back when it goes.
  class loan {
   public:
    loan(reader_pool& pool, std::unique_ptr<store_reader> reader)
        : pool_(&pool), reader_(std::move(reader)) {}
    loan(loan&&) noexcept = default;
    loan& operator=(loan&&) = delete;
    ~loan() {
      if (reader_) pool_->give_back(std::move(reader_));
    }
    store_reader* operator->() const { return reader_.get(); }
    store_reader& operator*() const { return *reader_; }
    /// It failed: the next one is opened anew.
    void drop() { reader_.reset(); }

   private:
    reader_pool* pool_;
    std::unique_ptr<store_reader> reader_;
  };

  result<loan> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto reader = std::move(idle_.back());
        idle_.pop_back();
        return loan(*this, std::move(reader));
      }
    }
    auto made = from_.reader();
    if (!made) return tl::unexpected(made.error());
    return loan(*this, std::move(*made));
  }

 private:
  static constexpr std::size_t idle_max = 8;

  void give_back(std::unique_ptr<store_reader> reader) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < idle_max) idle_.push_back(std::move(reader));
  }

  store& from_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<store_reader>> idle_;
};

}  // namespace callweir::dashboard::routes
