// SPDX-License-Identifier: Apache-2.0
// A C++ program over its standard library: strings, streams,
// containers, regular expressions; files and directories. usage: program DIRECTORY
// Its output is the same natively and as a guest; nothing depends on the host or the clock.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <dirent.h>
#include <sys/stat.h>

namespace
{

std::string root;

std::string under(const std::string &name) { return root + "/" + name; }

// libc++ of Debian for wasm32 has no file streams: a file is a string, read and written whole.
struct close_file {
    void operator()(std::FILE *f) const { (void)std::fclose(f); }
};
using file = std::unique_ptr<std::FILE, close_file>;

file open(const std::string &name, const char *mode)
{
    file f(std::fopen(under(name).c_str(), mode));
    if (!f) {
        std::cout << "cannot open " << name << '\n';
    }
    return f;
}

void store(const std::string &name, const std::string &text, const char *mode = "w")
{
    file f = open(name, mode);
    if (f && std::fwrite(text.data(), 1, text.size(), f.get()) != text.size()) {
        std::cout << "cannot write " << name << '\n';
    }
}

std::string load(const std::string &name)
{
    std::string text;
    file f = open(name, "r");
    std::vector<char> chunk(1000);
    while (std::size_t n = f ? std::fread(chunk.data(), 1, chunk.size(), f.get()) : 0) {
        text.append(chunk.data(), n);
    }
    return text;
}

void write_words()
{
    std::ostringstream out;
    std::uint64_t x = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        out << "w" << x % 1000 << (i % 10 == 9 ? '\n' : ' ');
    }
    out << std::fixed << std::setprecision(3) << 2.0 / 3 << ' ' << std::hex << 48879 << '\n';
    store("words.txt", out.str());
    std::cout << "written: " << out.str().size() << " bytes\n";
}

void count_words()
{
    std::istringstream in(load("words.txt"));
    std::map<std::string, int> counts;
    for (std::string word; in >> word;) {
        counts[word]++;
    }
    std::vector<std::pair<std::string, int>> sorted(counts.begin(), counts.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto &a, const auto &b) { return a.second > b.second; });
    for (std::size_t i = 0; i < 5; i++) {
        std::cout << sorted[i].first << ": " << sorted[i].second << '\n';
    }
    std::cout << counts.size() << " different ones\n";
}

void change_in_place()
{
    if (file f = open("words.txt", "r+")) {
        std::cout << "seek: " << std::fseek(f.get(), 4, SEEK_SET) << '\n';
        std::cout << "put: " << (std::fputs("CHANGED", f.get()) >= 0) << '\n';
        std::cout << "end: " << std::fseek(f.get(), 0, SEEK_END) << ", " << std::ftell(f.get())
                  << '\n';
    }
    store("words.txt", "appended\n", "a");
    std::string text = load("words.txt");
    std::cout << std::regex_replace(text.substr(0, 20), std::regex("[0-9]"), "#") << '\n';
    std::cout << text.substr(text.size() - 9) << text.size() << " bytes\n";
}

// Names and sizes of what is in the directory, in their order.
void list(const std::string &dir)
{
    std::unique_ptr<DIR, int (*)(DIR *)> d(opendir(dir.c_str()), closedir);
    std::vector<std::string> names;
    while (const dirent *e = d ? readdir(d.get()) : nullptr) {
        if (e->d_name[0] != '.') { // the parent of the root is nothing a guest may look at
            names.emplace_back(e->d_name);
        }
    }
    std::sort(names.begin(), names.end());
    for (const std::string &name : names) {
        struct stat st{};
        bool ok = stat((dir + "/" + name).c_str(), &st) == 0;
        std::cout << name << (ok && S_ISDIR(st.st_mode) ? "/" : "");
        std::cout << (ok && S_ISREG(st.st_mode) ? " " + std::to_string(st.st_size) : "") << '\n';
    }
}

void make_tree()
{
    for (int i = 0; i < 100; i++) {
        std::ostringstream name;
        name << "tree/" << std::setw(3) << std::setfill('0') << i;
        if (i == 0) {
            std::cout << "mkdir: " << mkdir(under("tree").c_str(), 0777) << '\n';
        }
        store(name.str(), std::string(static_cast<std::size_t>(i), 'x'));
    }
    for (int i = 0; i < 100; i += 3) {
        char name[32];
        (void)std::snprintf(name, sizeof name, "tree/%03d", i);
        (void)std::remove(under(name).c_str());
    }
    std::cout << "rename: " << std::rename(under("tree/001").c_str(), under("moved").c_str())
              << '\n';
    list(under("tree"));
    list(root);
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2) {
        return 2;
    }
    root = argv[1];
    write_words();
    count_words();
    change_in_place();
    make_tree();
    (void)load("missing");
    std::cout << std::flush;
    return 7;
}
