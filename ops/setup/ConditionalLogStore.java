package lantern;

import io.delta.storage.HadoopFileSystemLogStore;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.Arrays;
import java.util.Iterator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Delta's log in S3. A commit is one PUT with the condition that no object has its name, so of
 * several programs that write the same version exactly one succeeds: drivers of Spark and delta-rs.
 *
 * <p>If such a PUT fails, the object decides. The client may have repeated a PUT whose answer was
 * lost, and the repetition fails although the commit is there. No two commits have the same
 * content: Delta writes an id of the transaction into each.
 *
 * <p>Compiled by ops/setup/log_store.py with Janino, which knows no lambdas and no diamonds.
 */
public final class ConditionalLogStore extends HadoopFileSystemLogStore {
  private static final String IF_ABSENT = "fs.option.create.conditional.overwrite";

  public ConditionalLogStore(Configuration configuration) {
    super(configuration);
  }

  @Override
  public void write(Path path, Iterator<String> lines, Boolean overwrite, Configuration settings)
      throws IOException {
    FileSystem files = path.getFileSystem(settings);
    byte[] content = joined(lines);
    if (overwrite.booleanValue()) {
      put(files.createFile(path).overwrite(true).recursive(), content);
      return;
    }
    FSDataOutputStreamBuilder absent = files.createFile(path).overwrite(true).recursive();
    absent.must(IF_ABSENT, true);
    try {
      put(absent, content);
    } catch (IOException failure) {
      if (!isStored(files, path, content, failure)) {
        FileAlreadyExistsException exists = new FileAlreadyExistsException(path.toString());
        exists.initCause(failure);
        throw exists;
      }
    }
  }

  @Override
  public Boolean isPartialWriteVisible(Path path, Configuration settings) {
    return Boolean.FALSE;
  }

  private static byte[] joined(Iterator lines) {
    StringBuilder text = new StringBuilder();
    while (lines.hasNext()) {
      text.append((String) lines.next()).append('\n');
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static void put(FSDataOutputStreamBuilder builder, byte[] content) throws IOException {
    FSDataOutputStream stream = (FSDataOutputStream) builder.build();
    try {
      stream.write(content);
    } catch (IOException failure) {
      stream.abort(); // closing it would store the part that was written
      throw failure;
    }
    stream.close();
  }

  /** Returns whether the object has this content. Throws the failure if there is no object. */
  private static boolean isStored(
      FileSystem files, Path path, byte[] content, IOException failure) throws IOException {
    try {
      return Arrays.equals(read(files, path), content);
    } catch (FileNotFoundException absent) {
      throw failure;
    } catch (IOException unreadable) {
      failure.addSuppressed(unreadable);
      throw failure;
    }
  }

  private static byte[] read(FileSystem files, Path path) throws IOException {
    FSDataInputStream stream = files.open(path);
    try {
      return stream.readAllBytes();
    } finally {
      stream.close();
    }
  }
}
