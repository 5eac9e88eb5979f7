namespace LoraBridge.Formats.Tests;

public sealed class AtomicFileTests
{
    [Fact]
    public void A_committed_file_has_its_name_and_nothing_else_is_left()
    {
        using var folder = new TemporaryFolder();
        AtomicFile.Write(folder["a.bin"], overwrite: false, stream => stream.Write("new"u8), expectedBytes: 3);
        Assert.Equal("new", File.ReadAllText(folder["a.bin"]));
        Assert.Equal([folder["a.bin"]], Directory.GetFiles(folder.FullName));
    }

    [Fact]
    public void A_failure_leaves_the_old_file_and_no_litter()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["a.bin"], "old");
        Assert.Throws<TimeoutException>(() => AtomicFile.Write(folder["a.bin"], overwrite: true, stream =>
        {
            stream.Write(new byte[100_000]);
            throw new TimeoutException();
        }));
        Assert.Equal("old", File.ReadAllText(folder["a.bin"]));
        Assert.Equal([folder["a.bin"]], Directory.GetFiles(folder.FullName));
    }

    [Fact]
    public void A_file_that_something_else_wrote_gets_its_name()
    {
        using var folder = new TemporaryFolder();
        var abandoned = AtomicFile.ReserveTemporaryPath(folder["a.bin"], overwrite: false);
        File.WriteAllText(abandoned, "half");
        var temporary = AtomicFile.ReserveTemporaryPath(folder["a.bin"], overwrite: false);
        File.WriteAllText(temporary, "new");

        AtomicFile.Adopt(temporary, folder["a.bin"], overwrite: false);

        Assert.Equal("new", File.ReadAllText(folder["a.bin"]));
        Assert.Equal([folder["a.bin"]], Directory.GetFiles(folder.FullName));
        Assert.Throws<IOException>(() => AtomicFile.ReserveTemporaryPath(folder["a.bin"], overwrite: false));
    }

    [Fact]
    public void The_target_is_untouched_until_the_commit()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["a.bin"], "old");
        using var file = AtomicFile.Create(folder["a.bin"], overwrite: true);
        file.Stream.Write("new"u8);
        file.Stream.Flush();
        Assert.Equal("old", File.ReadAllText(folder["a.bin"]));
        Assert.Equal(folder.FullName, Path.GetDirectoryName(file.TemporaryPath));
        file.Commit();
        Assert.Equal("new", File.ReadAllText(folder["a.bin"]));
        Assert.Throws<InvalidOperationException>(file.Commit);
    }

    [Fact]
    public void An_existing_file_is_replaced_only_when_allowed()
    {
        using var folder = new TemporaryFolder();
        using var file = AtomicFile.Create(folder["a.bin"], overwrite: false);
        File.WriteAllText(folder["a.bin"], "appeared meanwhile");
        Assert.Throws<IOException>(file.Commit);
        Assert.Equal("appeared meanwhile", File.ReadAllText(folder["a.bin"]));
        Assert.Throws<IOException>(() => AtomicFile.Create(folder["a.bin"], overwrite: false));
    }

    [Theory]
    [InlineData(@"C:\models", @"C:\")]
    [InlineData(@"\\?\d:\models", @"d:\")]
    [InlineData(@"\\?\UNC\server\share\models", null)]
    [InlineData(@"\\server\share\models", null)]
    [InlineData(@"\\.\pipe", null)]
    public void The_space_on_a_share_of_windows_is_not_asked_for(string path, string? drive)
    {
        Assert.Equal(drive, AtomicFile.DriveOf(path, isWindows: true));
        Assert.Equal("/models", AtomicFile.DriveOf("/models", isWindows: false));
    }

    [Fact]
    public void A_file_that_is_mapped_is_replaced_or_said_to_be_in_use()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["a.bin"], "old");
        using var map = System.IO.MemoryMappedFiles.MemoryMappedFile.CreateFromFile(folder["a.bin"]);
        var fault = Record.Exception(() => AtomicFile.Write(folder["a.bin"], overwrite: true, stream => stream.Write("new"u8)));
        if (OperatingSystem.IsWindows())
            Assert.Contains("uses it", Assert.IsType<IOException>(fault).Message, StringComparison.Ordinal);
        else
            Assert.Equal("new", File.ReadAllText(folder["a.bin"]));
    }

    [Fact]
    public void Litter_of_a_killed_writer_goes_and_that_of_a_living_one_stays()
    {
        using var folder = new TemporaryFolder();
        var dead = folder[".a.bin.0123abcd.tmp"];
        var foreign = folder[".b.bin.0123abcd.tmp"];
        File.WriteAllText(dead, "half");
        File.WriteAllText(foreign, "another target's");
        using var living = AtomicFile.Create(folder["a.bin"], overwrite: false);
        using var second = AtomicFile.Create(folder["a.bin"], overwrite: false);
        Assert.False(File.Exists(dead));
        Assert.True(File.Exists(foreign));
        Assert.True(File.Exists(living.TemporaryPath));
        living.Commit();
        Assert.Throws<IOException>(second.Commit);
    }

    [Fact]
    public void Impossible_targets_are_refused_before_anything_is_written()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<DirectoryNotFoundException>(() => AtomicFile.Create(folder["none/a.bin"], overwrite: false));
        Assert.Throws<UnauthorizedAccessException>(() => AtomicFile.Create(folder.FullName, overwrite: true));
        var error = Assert.Throws<IOException>(() => AtomicFile.Create(folder["a.bin"], overwrite: false, long.MaxValue));
        Assert.Contains("are free", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.FullName));
    }
}
