using LoraBridge.Model;
using LoraBridge.Model.Store;
using LoraBridge.Store.Tests.Loopback;

namespace LoraBridge.Store.Tests;

/// <summary>Disks that are full, or may not be written to.</summary>
public sealed class DiskTests : StoreTest
{
    private protected override string[] OtherFolders => ["file"];

    [Fact]
    public async Task A_disk_without_room_is_found_out_before_anything_is_fetched()
    {
        var options = Options with { Hooks = new StoreHooks { FreeSpace = _ => 1_000_000 } };
        var failure = await Assert.ThrowsAnyAsync<IOException>(() => PullAsync(options: options));
        Assert.Contains("3000000 more bytes are needed, 1000000 are free", failure.Message, StringComparison.Ordinal);
        Assert.Empty(Hub.Downloads);
        AssertNothingKept(File);
    }

    [Fact]
    public async Task What_is_there_of_a_part_needs_no_room()
    {
        Hub.Cdns(Hub.Cut(2_000_000)).Cdns([.. Enumerable.Repeat(Hub.Cut(0), 5)]);
        await Assert.ThrowsAsync<ModelDownloadException>(() => PullAsync());
        AssertIs(File, await PullAsync(options: Options with { Hooks = new StoreHooks { FreeSpace = _ => 1_100_000 } }));
    }

    [Fact]
    public async Task A_disk_that_becomes_full_keeps_the_part()
    {
        var options = Options with { Hooks = new StoreHooks { Wrap = stream => new FullDisk(stream, 1_000_000), FreeSpace = _ => 4_000_000 } };
        var failure = await Assert.ThrowsAnyAsync<IOException>(() => PullAsync(options: options));
        Assert.Contains("more bytes are needed, 4000000 are free", failure.Message, StringComparison.Ordinal);
        Assert.Contains("No space left", failure.Message, StringComparison.Ordinal);
        Assert.False(System.IO.File.Exists(Snapshot(File)));
        var kept = new FileInfo($"{Blob(File)}.part").Length;
        Assert.InRange(kept, 800_000, 1_000_000);

        AssertIs(File, await PullAsync());
        Assert.Equal(kept, Hub.Downloads[^1].From);
    }

    [Fact]
    public async Task A_cache_that_cannot_be_made_is_named()
    {
        System.IO.File.WriteAllText(Folder["file"], "");
        var failure = await Assert.ThrowsAnyAsync<IOException>(() => PullAsync(options: Options with { CacheDirectory = Folder["file"] }));
        Assert.Contains(Folder["file"], failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_only_cache_is_named_and_what_it_holds_is_used()
    {
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
        {
            Assert.Skip("Permissions do not bind this user.");
            return;
        }
        AssertIs(File, await PullAsync("hf:owner/repo"));
        var folders = Directory.EnumerateDirectories(Cache, "*", SearchOption.AllDirectories).Append(Cache).ToList();
        const UnixFileMode Locked = UnixFileMode.UserRead | UnixFileMode.UserExecute;
        foreach (var folder in folders)
            System.IO.File.SetUnixFileMode(folder, Locked);
        try
        {
            AssertIs(File, await PullAsync("hf:owner/repo"), downloaded: false);
            Hub.Replace(HubFile.Random(seed: 2));
            Assert.Contains(Cache, (await Assert.ThrowsAnyAsync<IOException>(() => PullAsync("hf:owner/repo"))).Message, StringComparison.Ordinal);
        }
        finally
        {
            foreach (var folder in folders)
                System.IO.File.SetUnixFileMode(folder, Locked | UnixFileMode.UserWrite);
        }
    }

    [Fact]
    public async Task A_folder_that_nobody_may_write_to_is_named()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux has such a folder everywhere.");
        var failure = await Assert.ThrowsAnyAsync<IOException>(() => PullAsync(options: Options with { CacheDirectory = "/sys/models", Hooks = new StoreHooks { FreeSpace = _ => long.MaxValue } }));
        Assert.Contains("/sys/models may not be written to", failure.Message, StringComparison.Ordinal);
        Assert.Empty(Hub.Downloads);
    }

    [Fact]
    public async Task A_folder_in_the_place_of_the_model_is_named_and_nothing_half_renamed()
    {
        Directory.CreateDirectory(Path.Combine(Snapshot(File), "taken"));
        var failure = await Assert.ThrowsAnyAsync<IOException>(() => PullAsync());
        Assert.Contains(Snapshot(File), failure.Message, StringComparison.Ordinal);
        Directory.Delete(Snapshot(File), recursive: true);
        AssertIs(File, await PullAsync(), downloaded: false);
    }

    [Fact]
    public async Task A_file_that_a_program_holds_is_named()
    {
        var model = await PullAsync();
        Directory.Delete(Home, recursive: true);
        using (System.IO.File.Open(model.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            var failure = await Assert.ThrowsAnyAsync<IOException>(() => PullAsync());
            Assert.Contains(model.Path, failure.Message, StringComparison.Ordinal);
        }
        AssertIs(File, await PullAsync(), downloaded: false);
    }

    private sealed class FullDisk(Stream disk, long room) : Stream
    {
        private long _written;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if ((_written += buffer.Length) > room)
                throw new IOException("No space left on device");
            disk.Write(buffer);
        }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => disk.Length;

        public override long Position { get => disk.Position; set => disk.Position = value; }

        public override void Flush() => disk.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => disk.Seek(offset, origin);

        public override void SetLength(long value) => disk.SetLength(value);

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    }
}
