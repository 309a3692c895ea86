// Stands in for the page that web/ builds, where there is no npm to build it.
#include "report/page.hpp"

namespace evenkeel {

std::string_view page_template() {
    return {};
}

}  // namespace evenkeel
